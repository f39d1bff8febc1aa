package dev.lathe.app.openai;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Names of files and jobs. They begin with the time, so that their order is that of their making
 * and a page can go on behind one that was deleted meanwhile; the rest cannot be guessed. Small
 * letters only: a dataset is called after its file.
 */
final class Ids {
  private static final int RANDOM = 12;
  private static final String LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";
  private static final SecureRandom random = new SecureRandom();

  private Ids() {}

  static String next(String prefix, Instant now) {
    var time = Long.toString(now.toEpochMilli(), Character.MAX_RADIX);
    return prefix + "-" + "0".repeat(Math.max(0, 9 - time.length())) + time + letters(RANDOM);
  }

  static String letters(int count) {
    var text = new StringBuilder(count);
    for (int i = 0; i < count; i++) {
      text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return text.toString();
  }

  /** Whether a word can be an id, and so a folder's name. */
  static boolean valid(String prefix, String id) {
    return Pattern.matches(prefix.toLowerCase(Locale.ROOT) + "-[a-z0-9]{12,64}", id);
  }
}
