package dev.lathe.datasets.cleaning;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What the finders of personal data share. */
final class PiiFinder {
  private PiiFinder() {}

  /** The characters from {@code start} to before {@code end}. */
  record Found(int start, int end) {}

  static List<Found> matches(Pattern pattern, String text, Predicate<MatchResult> accept) {
    List<Found> found = List.of();
    var matcher = pattern.matcher(text);
    while (matcher.find()) {
      if (accept.test(matcher)) {
        if (found.isEmpty()) {
          found = new ArrayList<>();
        }
        found.add(new Found(matcher.start(), matcher.end()));
      }
    }
    return found;
  }

  static String digits(String text) {
    var digits = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      if (isDigit(text.charAt(i))) {
        digits.append(text.charAt(i));
      }
    }
    return digits.toString();
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Whether {@code text} holds at least {@code wanted} digits: a cheap no before a slow search. */
  static boolean hasDigits(String text, int wanted) {
    int seen = 0;
    for (int i = 0; i < text.length(); i++) {
      if (isDigit(text.charAt(i)) && ++seen >= wanted) {
        return true;
      }
    }
    return false;
  }
}
