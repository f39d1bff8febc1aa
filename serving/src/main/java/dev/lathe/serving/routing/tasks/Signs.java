package dev.lathe.serving.routing.tasks;

import java.util.regex.Pattern;

/** What is no word and still tells: formulas, code, question marks. */
final class Signs {
  private static final int LOOKED_AT = 2048;

  /** Two numbers with an operator between them, an equation, a power, a function of a variable. */
  private static final Pattern FORMULA =
      Pattern.compile(
          "\\d\\s*[*×÷/^+=]\\s*\\d|\\dの\\d|\\d\\s*[-%]\\s+(?:of\\s+)?\\d|\\b[a-z]\\s?[\\^=²³]|\\d[xy]\\b"
              + "|\\b[fgh]\\([xyt]\\)|[√∫∑π²³]|\\[\\[\\d|\\d\\s*%\\s+\\p{L}{1,4}\\s+\\d");

  private Signs() {}

  static boolean formula(String text) {
    return FORMULA.matcher(text).find();
  }

  private static final Pattern NUMBER = Pattern.compile("(?<![\\p{L}\\d.,:])\\d[\\d.,:]*");
  private static final Pattern ALTERNATIVES =
      Pattern.compile("\\p{L}+,? (?:or|oder|ou|o) (?:not|nicht|non|no|\\p{L}{3,})|还是|か、|または");

  private static final Pattern OF =
      Pattern.compile("(?i)[\\p{L}]+ (?:of|de|du|del|von|der|des) \\p{L}+.*|.+[的の].+");

  private static final Pattern STATEMENT =
      Pattern.compile(
          "(?m)^\\s*(?:def \\w+\\(|for \\w+ in |while .*[:{]$|import [\\w.]+;?$|#include|SELECT |FROM \\w+$|RUN |const \\w+ =|let \\w+ =|var \\w+ =|\\w+ = [\\w\\[\"'(]+;?$)|=>|\\(\\);|->\\w|\\bint \\*");

  /** A noun with its complement, as one types into a search. */
  static boolean nameless(String text) {
    return text.length() < 60 && OF.matcher(text).matches();
  }

  /** Numbers that are no part of a name. */
  static long quantities(String text) {
    return NUMBER.matcher(text).results().count();
  }

  private static final Pattern ALGEBRA = Pattern.compile("[a-z]\\s?[\\^²³]|\\b[fgh]\\([a-z]\\)|\\bln\\b|\\blog\\b");

  /** Whether letters stand for numbers, raised to powers. */
  static boolean algebra(String text) {
    return ALGEBRA.matcher(text).find();
  }

  private static final Pattern ITEM = Pattern.compile("(?m)^\\s*(?:\\d+[.)]|[-*•])\\s");

  /** The lines of a list. */
  static long items(String text) {
    return ITEM.matcher(text).results().count();
  }

  /** Whether the instruction lets one choose. */
  static boolean alternatives(String text, Emphasis emphasis) {
    return ALTERNATIVES.matcher(text).results().anyMatch(m -> emphasis.at(m.start()) == 1);
  }

  static boolean question(String text) {
    var end = text.stripTrailing();
    return end.endsWith("?") || end.endsWith("？");
  }

  /** Whether brackets and operators stand as close as in source code. */
  static boolean code(String text) {
    if (text.contains("```")) {
      return true;
    }
    if (STATEMENT.matcher(text.substring(0, Math.min(text.length(), LOOKED_AT))).find()) {
      return true;
    }
    int most = Math.min(text.length(), LOOKED_AT);
    int signs = 0;
    for (int i = 0; i < most; i++) {
      signs += "{}();=<>[]_&|".indexOf(text.charAt(i)) >= 0 ? 1 : 0;
    }
    return signs >= 8 && signs > most / 28;
  }
}
