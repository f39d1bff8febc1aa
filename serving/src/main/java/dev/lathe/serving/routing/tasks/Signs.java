package dev.lathe.serving.routing.tasks;

import java.util.regex.Pattern;

/** What is no word and still tells: formulas, quantities, code, lists, question marks. */
final class Signs {
  /** Longer messages are too long to be one formula, one sum, one question. */
  static final int SHORT = 400;

  private static final int LOOKED_AT = 2048;

  /** Two numbers with an operator between them, an equation, a power, a function of a variable. */
  private static final Pattern FORMULA =
      Pattern.compile(
          "\\d\\s*[*×÷/^+=]\\s*\\d|\\dの\\d|\\d\\s*[-%]\\s+(?:of\\s+)?\\d"
              + "|\\b[a-z]\\s?[\\^=²³]|\\d[xy]\\b|\\b[fgh]\\([xyt]\\)|[√∫∑π²³]|\\[\\[\\d"
              + "|\\d\\s*%\\s+\\p{L}{1,4}\\s+\\d");

  private static final Pattern ALGEBRA =
      Pattern.compile("[a-z]\\s?[\\^²³]|\\b[fgh]\\([a-z]\\)|\\b(?:ln|log)\\b");

  private static final Pattern NUMBER = Pattern.compile("(?<![\\p{L}\\d.,:])\\d[\\d.,:]*");
  private static final Pattern ITEM = Pattern.compile("\\s*(?:\\d{1,3}[.)]|[-*•])\\s");

  private static final Pattern STATEMENT =
      Pattern.compile(
          "\\s*(?:def \\w+\\(|for \\w+ in |while .*[:{]$|import [\\w.]+;?$|#include|SELECT |RUN "
              + "|FROM \\w+$|(?:const|let|var) \\w+ =|\\w+ = [\\w\\[\"'(]+;?$)");

  private static final Pattern OF =
      Pattern.compile("\\p{L}+ (?:of|de|du|del|von|der|des) \\p{L}.*|.+[的の].+");

  private Signs() {}

  static boolean formula(String text) {
    return text.length() < SHORT && FORMULA.matcher(text).find();
  }

  /** Whether letters stand for numbers, raised to powers. */
  static boolean algebra(String text) {
    return text.length() < SHORT && ALGEBRA.matcher(text).find();
  }

  static boolean question(String text) {
    var end = text.stripTrailing();
    return text.length() < SHORT && (end.endsWith("?") || end.endsWith("？"));
  }

  /** A question with two numbers in it, none part of a name. */
  static boolean sum(String text) {
    return question(text) && NUMBER.matcher(text).results().limit(2).count() == 2;
  }

  /** A noun with its complement, as one types into a search. */
  static boolean searched(String text) {
    return text.length() < 60 && OF.matcher(text).matches();
  }

  /** The lines of a list. */
  static long items(String text) {
    var item = ITEM.matcher(text);
    return text.lines().filter(line -> item.reset(line).lookingAt()).count();
  }

  /** Fences, statements, or brackets and operators as close as they stand in source code. */
  static boolean code(String text) {
    if (text.contains("```") || text.contains("=> ") || text.contains("();")) {
      return true;
    }
    var start = text.substring(0, Math.min(text.length(), LOOKED_AT));
    var statement = STATEMENT.matcher(start);
    if (start.lines().anyMatch(line -> statement.reset(line).lookingAt())) {
      return true;
    }
    int signs = 0;
    for (int i = 0; i < start.length(); i++) {
      signs += "{}();=<>[]_&|".indexOf(start.charAt(i)) >= 0 ? 1 : 0;
    }
    return signs >= 8 && signs > start.length() / 28;
  }
}
