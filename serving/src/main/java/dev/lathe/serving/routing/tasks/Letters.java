package dev.lathe.serving.routing.tasks;

import java.text.Normalizer;
import java.util.Locale;

/** Letters as cues compare them: people leave out capitals and accents. */
final class Letters {
  /** Below stand the scripts that divide words by spaces; above those of China and Japan. */
  private static final char FIRST_UNSPACED = 0x2E80;

  private static final char[] FOLDED = new char[0x250];

  static {
    for (char c = 0; c < FOLDED.length; c++) {
      var lower = String.valueOf(c).toLowerCase(Locale.ROOT);
      char plain = Normalizer.normalize(lower, Normalizer.Form.NFD).charAt(0);
      FOLDED[c] = Character.isWhitespace(c) || c == 0xA0 ? ' ' : plain;
    }
  }

  private Letters() {}

  /** Lower case, without accents; one kind of space, of apostrophe and of width. */
  static char folded(char c) {
    if (c < FOLDED.length) {
      return FOLDED[c];
    }
    return switch (c) {
      case '\u2019', '\u2018' -> '\'';
      case '\u3000', '\u202F', '\u2009' -> ' ';
      default -> c >= 0xFF01 && c <= 0xFF5E ? FOLDED[c - 0xFEE0] : Character.toLowerCase(c);
    };
  }

  /** Whether it belongs to a word that spaces end. */
  static boolean spaced(char c) {
    return c < FIRST_UNSPACED && Character.isLetterOrDigit(c);
  }

  /** Whether it is a word, or half of one, by itself. */
  static boolean unspaced(char c) {
    return c >= FIRST_UNSPACED && Character.isLetter(c);
  }

  /** Whether a text is Chinese or Japanese, where a character says as much as two or three. */
  static boolean dense(String text) {
    return text.chars().limit(200).filter(c -> c >= FIRST_UNSPACED).count() > 5
        || !text.isEmpty() && text.charAt(0) >= FIRST_UNSPACED && text.length() < 12;
  }
}
