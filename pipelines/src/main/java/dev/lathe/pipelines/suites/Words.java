package dev.lathe.pipelines.suites;

import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.Pattern;

/** Text as rules compare it. */
final class Words {
  private static final Pattern THOUSANDS =
      Pattern.compile("(?<=\\d)[,\u00a0\u202f](?=\\d{3}(?!\\d))");
  private static final Pattern APOSTROPHES = Pattern.compile("['\u2018\u2019\u02bc]");
  private static final Pattern MARKS = Pattern.compile("\\p{M}+");
  private static final Pattern BETWEEN = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final Pattern POINT = Pattern.compile("(?<=\\d)\\.(?=\\d)");

  private Words() {}

  /**
   * Lower-case words with single spaces between them: without accents, apostrophes, punctuation and
   * the commas of thousands; a number keeps its decimal point, as a {@code p} of its own.
   */
  static String of(String text) {
    var plain = Normalizer.normalize(text, Normalizer.Form.NFKD).toLowerCase(Locale.ROOT);
    plain = MARKS.matcher(plain).replaceAll("");
    plain = APOSTROPHES.matcher(plain).replaceAll("");
    plain = THOUSANDS.matcher(plain).replaceAll("");
    plain = POINT.matcher(plain).replaceAll("p");
    return BETWEEN.matcher(plain).replaceAll(" ").strip();
  }

  /** Whether the words of a form stand in a text, one after another. Both are {@link #of} texts. */
  static boolean stand(String form, String in) {
    return !form.isEmpty() && (" " + in + " ").contains(" " + form + " ");
  }
}
