package dev.lathe.datasets.cleaning;

import java.util.List;
import java.util.regex.Pattern;

/** E-mail addresses, written plainly. */
final class Emails {
  private static final Pattern EMAIL =
      Pattern.compile(
          "(?<![\\p{L}\\p{N}._%+-])[\\p{L}\\p{N}](?:[\\p{L}\\p{N}._%+'-]{0,62}[\\p{L}\\p{N}_+-])?"
              + "@(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}-]{0,61}[\\p{L}\\p{N}])?\\.){1,8}\\p{L}{2,24}"
              + "(?![\\p{L}\\p{N}@])");

  private Emails() {}

  static List<PiiFinder.Found> find(String text) {
    return text.indexOf('@') < 0 ? List.of() : PiiFinder.matches(EMAIL, text, m -> true);
  }
}
