package dev.lathe.checkpoints.input;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The nearest known name to one that is not known. */
public final class DidYouMean {
  private DidYouMean() {}

  /** The known name within a third of the given one's length in edits (two at least), if any. */
  public static Optional<String> nearest(String given, Collection<String> known) {
    var wanted = given.toLowerCase(Locale.ROOT);
    int limit = Math.max(2, wanted.length() / 3);
    return known.stream()
        .filter(k -> distance(wanted, k.toLowerCase(Locale.ROOT)) <= limit)
        .min(Comparator.comparingInt(k -> distance(wanted, k.toLowerCase(Locale.ROOT))));
  }

  /** A remedy: "Did you mean …?" when a known name is near, and the known names otherwise. */
  public static String remedy(String given, Collection<String> known) {
    return nearest(given, known)
        .map(n -> "Did you mean '" + n + "'?")
        .orElseGet(() -> "Known: " + String.join(", ", known) + ".");
  }

  /** Edits between two words: insertion, deletion, substitution, exchange of neighbours. */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + substitution);
        boolean exchanged =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (exchanged) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
