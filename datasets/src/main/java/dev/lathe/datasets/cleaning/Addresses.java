package dev.lathe.datasets.cleaning;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** IP addresses that could tell who somebody is; loopback and "any" tell nobody. */
final class Addresses {
  private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final Pattern V4 =
      Pattern.compile("(?<![\\w.-])(?:" + OCTET + "\\.){3}" + OCTET + "(?![\\w-])(?!\\.\\d)");
  private static final Pattern V6 =
      Pattern.compile(
          "(?<![\\w:.])(?:(?:\\p{XDigit}{1,4}:){7}\\p{XDigit}{1,4}"
              + "|(?=[\\p{XDigit}:]{6,39}(?![\\p{XDigit}:]))\\p{XDigit}{1,4}(?::\\p{XDigit}{1,4}){0,6}"
              + "::(?:\\p{XDigit}{1,4}(?::\\p{XDigit}{1,4}){0,6})?)(?![\\w:])");
  private static final Pattern VERSION =
      Pattern.compile("(?i)(?:\\bv(?:er)?|version|release|build|section|chapter)[ .:]*$");

  private Addresses() {}

  static List<PiiFinder.Found> find(String text) {
    var found = new ArrayList<PiiFinder.Found>();
    if (text.indexOf('.') >= 0 && PiiFinder.hasDigits(text, 4)) {
      found.addAll(PiiFinder.matches(V4, text, m -> tellsSomething(text, m)));
    }
    if (text.indexOf(':') >= 0 && PiiFinder.hasDigits(text, 2)) {
      found.addAll(PiiFinder.matches(V6, text, m -> groups(m.group()) >= 3));
    }
    return found;
  }

  private static boolean tellsSomething(String text, MatchResult match) {
    var address = match.group();
    var before = text.substring(Math.max(0, match.start() - 12), match.start());
    return !address.startsWith("127.")
        && !address.startsWith("0.")
        && !address.startsWith("255.")
        && !VERSION.matcher(before).find();
  }

  private static long groups(String address) {
    return java.util.Arrays.stream(address.split(":")).filter(g -> !g.isEmpty()).count();
  }
}
