package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Callable;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Methods of Python's {@code str}. */
final class TextMethods {
  private TextMethods() {}

  static @Nullable Callable of(String s, String name, Budget budget) {
    Callable method = find(s, name, budget);
    if (method == null) {
      return null;
    }
    return a -> {
      budget.spend(1 + s.length() / 4);
      return method.call(a);
    };
  }

  private static @Nullable Callable find(String s, String name, Budget budget) {
    return switch (name) {
      case "strip" -> a -> strip(s, a, true, true);
      case "lstrip" -> a -> strip(s, a, true, false);
      case "rstrip" -> a -> strip(s, a, false, true);
      case "upper" -> a -> s.toUpperCase(Locale.ROOT);
      case "lower", "casefold" -> a -> s.toLowerCase(Locale.ROOT);
      case "capitalize" -> a -> Text.capitalized(s);
      case "title" -> a -> title(s);
      case "swapcase" -> a -> swapped(s);
      case "startswith" -> a -> affix(a, s::startsWith, s);
      case "endswith" -> a -> affix(a, (t, from) -> s.endsWith(t), s);
      case "split" -> a -> split(s, a, false);
      case "rsplit" -> a -> split(s, a, true);
      case "splitlines" -> a -> lines(s, Python.truth(a.get(0, "keepends", false)));
      case "partition" -> a -> partition(s, a, s.indexOf(a.text(0, "sep", "")), false);
      case "rpartition" -> a -> partition(s, a, s.lastIndexOf(a.text(0, "sep", "")), true);
      case "replace" -> a -> replace(s, a, budget);
      case "find" -> a -> find(s, a);
      case "rfind" -> a -> codePoints(s, s.lastIndexOf(a.text(0, "sub", "")));
      case "index" ->
          a -> {
            if (find(s, a) < 0) {
              throw new JinjaError("substring not found");
            }
            return find(s, a);
          };
      case "count" -> a -> count(s, string(a.require(0, "sub")));
      case "join" -> a -> join(s, a, budget);
      case "removeprefix" -> a -> s.startsWith(text(a)) ? s.substring(text(a).length()) : s;
      case "removesuffix" ->
          a -> s.endsWith(text(a)) ? s.substring(0, s.length() - text(a).length()) : s;
      case "format" -> a -> format(s, a, budget);
      case "zfill", "ljust", "rjust", "center" -> a -> justified(s, name, a, budget);
      case "isdigit", "isdecimal", "isnumeric" -> a -> all(s, Character::isDigit);
      case "isalpha" -> a -> all(s, Character::isLetter);
      case "isalnum" -> a -> all(s, Character::isLetterOrDigit);
      case "isspace" -> a -> all(s, Text::isSpace);
      case "isupper" -> a -> isUpper(s);
      case "islower" -> a -> isLower(s);
      default -> null;
    };
  }

  static boolean isUpper(String s) {
    return s.codePoints().anyMatch(Character::isUpperCase)
        && s.codePoints().noneMatch(Character::isLowerCase);
  }

  static boolean isLower(String s) {
    return s.codePoints().anyMatch(Character::isLowerCase)
        && s.codePoints().noneMatch(Character::isUpperCase);
  }

  private static boolean all(String s, IntPredicate test) {
    return !s.isEmpty() && s.codePoints().allMatch(test);
  }

  private static String string(@Nullable Object value) {
    if (value instanceof String s) {
      return s;
    }
    throw new JinjaError("a string is wanted, not '" + Python.type(value) + "'");
  }

  private static String text(Arguments a) {
    return string(a.require(0, "text"));
  }

  private static String strip(String s, Arguments a, boolean left, boolean right) {
    var chars = a.get(0, "chars", null);
    if (chars != null) {
      return Text.strip(s, string(chars), left, right);
    }
    var out = left ? Text.lstrip(s) : s;
    return right ? Text.rstrip(out) : out;
  }

  private static boolean affix(Arguments a, BiPredicate<String, Integer> test, String s) {
    var sought = a.require(0, "prefix");
    long from = a.integer(1, "start", 0);
    if (from > s.length()) {
      return false;
    }
    int start = s.offsetByCodePoints(0, (int) Math.max(0, from));
    return sought instanceof Tuple t
        ? t.items().stream().anyMatch(i -> test.test(string(i), start))
        : test.test(string(sought), start);
  }

  private static List<@Nullable Object> split(String s, Arguments a, boolean fromRight) {
    var separator = a.get(0, "sep", null);
    long most = a.integer(1, "maxsplit", -1);
    var out = new ArrayList<@Nullable Object>();
    if (separator != null && string(separator).isEmpty()) {
      throw new JinjaError("an empty separator");
    }
    var rest = separator != null ? s : fromRight ? Text.rstrip(s) : Text.lstrip(s);
    while (separator == null ? !rest.isEmpty() : true) {
      int[] gap = most == 0 ? null : gap(rest, (String) separator, fromRight);
      if (gap == null) {
        out.add(rest);
        break;
      }
      out.add(fromRight ? rest.substring(gap[1]) : rest.substring(0, gap[0]));
      rest = fromRight ? rest.substring(0, gap[0]) : rest.substring(gap[1]);
      most--;
    }
    return fromRight ? out.reversed() : out;
  }

  /** Where the next separator begins and ends, or null; null for whitespace of any length. */
  private static int @Nullable [] gap(String s, @Nullable String separator, boolean fromRight) {
    if (separator != null) {
      int at = fromRight ? s.lastIndexOf(separator) : s.indexOf(separator);
      return at < 0 ? null : new int[] {at, at + separator.length()};
    }
    int from = fromRight ? s.length() - 1 : 0;
    int by = fromRight ? -1 : 1;
    int i = from;
    while (i >= 0 && i < s.length() && !Text.isSpace(s.charAt(i))) {
      i += by;
    }
    if (i < 0 || i >= s.length()) {
      return null;
    }
    int end = i;
    while (end >= 0 && end < s.length() && Text.isSpace(s.charAt(end))) {
      end += by;
    }
    return fromRight ? new int[] {end + 1, i + 1} : new int[] {i, end};
  }

  static List<@Nullable Object> lines(String s, boolean keepEnds) {
    var out = new ArrayList<@Nullable Object>();
    int from = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      boolean ends =
          (c >= '\n' && c <= '\r')
              || (c >= 0x1c && c <= 0x1e)
              || c == 0x85
              || c == 0x2028
              || c == 0x2029;
      if (!ends) {
        continue;
      }
      int after = c == '\r' && s.startsWith("\n", i + 1) ? i + 2 : i + 1;
      out.add(s.substring(from, keepEnds ? after : i));
      from = after;
      i = after - 1;
    }
    if (from < s.length()) {
      out.add(s.substring(from));
    }
    return out;
  }

  private static Tuple partition(String s, Arguments a, int at, boolean fromRight) {
    var separator = string(a.require(0, "sep"));
    if (at < 0) {
      return new Tuple(fromRight ? List.of("", "", s) : List.of(s, "", ""));
    }
    return new Tuple(List.of(s.substring(0, at), separator, s.substring(at + separator.length())));
  }

  private static String replace(String s, Arguments a, Budget budget) {
    return replace(
        s,
        string(a.require(0, "old")),
        string(a.require(1, "new")),
        a.integer(2, "count", -1),
        budget);
  }

  static String replace(String s, String old, String by, long count, Budget budget) {
    var out = new StringBuilder();
    int from = 0;
    long left = count < 0 ? Long.MAX_VALUE : count;
    if (old.isEmpty()) {
      for (int i = 0; i <= s.length() && left > 0; left--) {
        out.append(by);
        budget.room(out.length());
        int width = i < s.length() ? Character.charCount(s.codePointAt(i)) : 1;
        out.append(s, i, Math.min(s.length(), i + width));
        from = Math.min(s.length(), i + width);
        i += width;
      }
      return out.append(s.substring(from)).toString();
    }
    for (int at = s.indexOf(old); at >= 0 && left > 0; at = s.indexOf(old, from), left--) {
      out.append(s, from, at).append(by);
      budget.spend(1 + by.length() / 4);
      if (out.length() > Budget.LONGEST_TEXT) {
        budget.room(out.length());
      }
      from = at + old.length();
    }
    return out.append(s, from, s.length()).toString();
  }

  private static long find(String s, Arguments a) {
    int from = (int) Math.clamp(a.integer(1, "start", 0), 0, Text.length(s));
    return codePoints(s, s.indexOf(string(a.require(0, "sub")), s.offsetByCodePoints(0, from)));
  }

  private static long codePoints(String s, int at) {
    return at < 0 ? -1 : s.codePointCount(0, at);
  }

  private static long count(String s, String sought) {
    if (sought.isEmpty()) {
      return Text.length(s) + 1L;
    }
    long n = 0;
    for (int at = s.indexOf(sought); at >= 0; at = s.indexOf(sought, at + sought.length())) {
      n++;
    }
    return n;
  }

  private static String join(String s, Arguments a, Budget budget) {
    var out = new StringBuilder();
    boolean first = true;
    for (var item : Python.items(a.require(0, "iterable"))) {
      out.append(first ? "" : s).append(string(item));
      first = false;
      budget.spend(1);
      if (out.length() > Budget.LONGEST_TEXT) {
        break;
      }
    }
    return budget.text(out.toString());
  }

  private static String title(String s) {
    var out = new StringBuilder();
    boolean inWord = false;
    for (int c : s.codePoints().toArray()) {
      out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }

  private static String swapped(String s) {
    var out = new StringBuilder();
    s.codePoints()
        .map(c -> Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c))
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  private static String justified(String s, String how, Arguments a, Budget budget) {
    long width = a.integer(0, "width", 0);
    budget.room(Math.max(0, width));
    int missing = (int) Math.max(0, width - Text.length(s));
    var fill = how.equals("zfill") ? "0" : a.text(1, "fillchar", " ");
    int left =
        switch (how) {
          case "ljust" -> 0;
          case "center" -> missing / 2 + (missing & (int) width & 1);
          default -> missing;
        };
    boolean signed = how.equals("zfill") && (s.startsWith("-") || s.startsWith("+"));
    return signed
        ? s.charAt(0) + fill.repeat(left) + s.substring(1)
        : fill.repeat(left) + s + fill.repeat(missing - left);
  }

  /** {@code "{} {0} {name}".format(…)}; format specifications are refused, not guessed. */
  private static String format(String s, Arguments a, Budget budget) {
    var out = new StringBuilder();
    int next = 0;
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      boolean twice = i + 1 < s.length() && s.charAt(i + 1) == c;
      if ((c == '{' || c == '}') && twice) {
        out.append(c);
        i++;
      } else if (c == '{') {
        int end = s.indexOf('}', i);
        var field = end < 0 ? ":" : s.substring(i + 1, end);
        if (!field.matches("\\w*")) {
          throw new JinjaError("a format field that is not supported: {" + field + "}");
        }
        boolean numbered = field.isEmpty() || field.matches("\\d{1,6}");
        int position = numbered ? (field.isEmpty() ? next++ : Integer.parseInt(field)) : -1;
        if (numbered ? position >= a.positional().size() : !a.named().containsKey(field)) {
          throw new JinjaError("a format field without a value: {" + field + "}");
        }
        out.append(Python.str(numbered ? a.positional().get(position) : a.named().get(field)));
        budget.room(out.length());
        i = end;
      } else if (c == '}') {
        throw new JinjaError("a single } in a format");
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }
}
