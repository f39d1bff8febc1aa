package dev.lathe.datasets.chat.jinja;

/** Python's idea of text: whitespace, escapes, printing. */
final class Text {
  private Text() {}

  /** As {@code str.isspace} has it. */
  static boolean isSpace(int c) {
    return switch (c) {
      case ' ', '\t', '\n', '\r', 0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0x1f, 0x85, 0xa0 -> true;
      default ->
          c > 0xa0
              && (Character.getType(c) == Character.SPACE_SEPARATOR || c == 0x2028 || c == 0x2029);
    };
  }

  /** Whether there is something, and all of it whitespace. */
  static boolean isBlank(String s) {
    return !s.isEmpty() && s.chars().allMatch(Text::isSpace);
  }

  static String strip(String s) {
    return lstrip(rstrip(s));
  }

  static String lstrip(String s) {
    int i = 0;
    while (i < s.length() && isSpace(s.charAt(i))) {
      i++;
    }
    return s.substring(i);
  }

  static String rstrip(String s) {
    int i = s.length();
    while (i > 0 && isSpace(s.charAt(i - 1))) {
      i--;
    }
    return s.substring(0, i);
  }

  static String strip(String s, String chars, boolean left, boolean right) {
    int from = 0;
    int to = s.length();
    while (left && from < to && chars.indexOf(s.codePointAt(from)) >= 0) {
      from += Character.charCount(s.codePointAt(from));
    }
    while (right && to > from && chars.indexOf(s.codePointBefore(to)) >= 0) {
      to -= Character.charCount(s.codePointBefore(to));
    }
    return s.substring(from, to);
  }

  static int length(String s) {
    return s.codePointCount(0, s.length());
  }

  static String capitalized(String s) {
    if (s.isEmpty()) {
      return s;
    }
    int first = Character.charCount(s.codePointAt(0));
    var upper = new StringBuilder().appendCodePoint(Character.toTitleCase(s.codePointAt(0)));
    return upper + s.substring(first).toLowerCase(java.util.Locale.ROOT);
  }

  /** A Python string literal's escapes resolved; unknown ones stay as they are. */
  static String unescaped(String s, int line) {
    if (s.indexOf('\\') < 0) {
      return s;
    }
    var out = new StringBuilder();
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c != '\\' || i + 1 == s.length()) {
        out.append(c);
        continue;
      }
      char e = s.charAt(++i);
      int digits = e == 'x' ? 2 : e == 'u' ? 4 : e == 'U' ? 8 : 0;
      if (digits > 0) {
        try {
          out.appendCodePoint(Integer.parseUnsignedInt(s.substring(i + 1, i + 1 + digits), 16));
        } catch (IllegalArgumentException | IndexOutOfBoundsException bad) {
          throw JinjaError.at(line, "a broken \\" + e + " escape");
        }
        i += digits;
      } else if (e >= '0' && e <= '7') {
        int end = i;
        while (end < s.length() && end < i + 3 && s.charAt(end) >= '0' && s.charAt(end) <= '7') {
          end++;
        }
        out.appendCodePoint(Integer.parseInt(s.substring(i, end), 8));
        i = end - 1;
      } else {
        switch (e) {
          case 'n' -> out.append('\n');
          case 't' -> out.append('\t');
          case 'r' -> out.append('\r');
          case 'a' -> out.append('\u0007');
          case 'b' -> out.append('\b');
          case 'f' -> out.append('\f');
          case 'v' -> out.append('\u000b');
          case '\\', '\'', '"' -> out.append(e);
          case '\n' -> {}
          default -> out.append('\\').append(e);
        }
      }
    }
    return out.toString();
  }

  /** Python's {@code repr} of a string. */
  static String quoted(String s) {
    char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
    var out = new StringBuilder().append(quote);
    s.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                  if (c == quote) {
                    out.append('\\').append(quote);
                  } else if (isPrintable(c)) {
                    out.appendCodePoint(c);
                  } else {
                    out.append(
                        (c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c));
                  }
                }
              }
            });
    return out.append(quote).toString();
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }
}
