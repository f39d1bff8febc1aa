package dev.lathe.datasets.cleaning;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** International bank account numbers: 15 to 34 characters, remainder 1 by 97 (ISO 13616). */
final class Ibans {
  private static final Pattern START =
      Pattern.compile("(?<![\\p{L}\\p{N}])[A-Za-z]{2}\\d{2}(?=[ -]?[A-Za-z0-9]{4})");
  private static final int SHORTEST = 15;
  private static final int LONGEST = 34;

  private Ibans() {}

  static List<PiiFinder.Found> find(String text) {
    if (!PiiFinder.hasDigits(text, 8)) {
      return List.of();
    }
    var found = new ArrayList<PiiFinder.Found>();
    var matcher = START.matcher(text);
    int from = 0;
    while (matcher.find(from)) {
      int end = end(text, matcher.start());
      if (end > 0) {
        found.add(new PiiFinder.Found(matcher.start(), end));
      }
      from = Math.max(end, matcher.start() + 2);
    }
    return found;
  }

  /** Where the longest valid number that begins at {@code start} ends, or -1. */
  private static int end(String text, int start) {
    int remainder = 0;
    int digits = 0;
    int length = 0;
    var head = text.substring(start, start + 4);
    int best = -1;
    for (int i = start; i < text.length() && length < LONGEST; i++) {
      char c = text.charAt(i);
      if ((c == ' ' || c == '-') && length % 4 == 0 && length > 0) {
        continue;
      }
      if (!(PiiFinder.isDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) {
        break;
      }
      length++;
      if (length > 4) {
        remainder = add(remainder, c);
        digits += PiiFinder.isDigit(c) ? 1 : 0;
      }
      boolean boundary = i + 1 == text.length() || !Character.isLetterOrDigit(text.charAt(i + 1));
      if (boundary && length >= SHORTEST && digits >= 6 && checks(remainder, head)) {
        best = i + 1;
      }
    }
    return best;
  }

  private static boolean checks(int remainder, String head) {
    int value = remainder;
    for (int i = 0; i < head.length(); i++) {
      value = add(value, head.charAt(i));
    }
    return value == 1;
  }

  private static int add(int remainder, char c) {
    int value = Character.digit(c, 36);
    return (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
}
