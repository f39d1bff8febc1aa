package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Python's operators on numbers, texts and lists. Integers are 64 bits wide; beyond is an error.
 */
final class Arithmetic {
  private static final Pattern DIRECTIVE =
      Pattern.compile("%(?:\\((\\w+)\\))?([-0]?\\d*)(?:\\.(\\d+))?([sdrifx%])");

  private Arithmetic() {}

  static Object sign(boolean negative, @Nullable Object value) {
    if (value instanceof Double d) {
      return negative ? -d : d;
    }
    long n = Python.integer(value);
    return negative ? Math.negateExact(n) : n;
  }

  static @Nullable Object apply(
      String operator, @Nullable Object left, @Nullable Object right, Budget budget) {
    if (left instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    if (right instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    if (operator.equals("%") && left instanceof String format) {
      boolean several = right instanceof Tuple;
      var values = several ? Python.items(right) : java.util.Arrays.asList(right);
      return format(format, new Arguments(values, named(right)), budget);
    }
    if (Python.isNumber(left) && Python.isNumber(right)) {
      return number(operator, left, right);
    }
    if (operator.equals("+")) {
      if (left instanceof String a && right instanceof String b) {
        budget.room((long) a.length() + b.length());
        return a + b;
      }
      if (left instanceof List<?> a && right instanceof List<?> b) {
        return joined(a, b, budget);
      }
      if (left instanceof Tuple a && right instanceof Tuple b) {
        return new Tuple(joined(a.items(), b.items(), budget));
      }
    }
    if (operator.equals("*") && (right instanceof Long || left instanceof Long)) {
      var of = right instanceof Long ? left : right;
      long times = Math.max(0, Python.integer(right instanceof Long ? right : left));
      if (of instanceof String s) {
        budget.room(Math.multiplyExact(times, (long) s.length()));
        return s.isEmpty() ? "" : s.repeat((int) times);
      }
      if (of instanceof List<?> l) {
        budget.spend(Math.multiplyExact(times, (long) l.size() + 1));
        var out = new ArrayList<@Nullable Object>();
        for (long i = 0; i < times; i++) {
          out.addAll(l);
        }
        return out;
      }
    }
    throw new JinjaError(
        "no '%s' of '%s' and '%s'%s"
            .formatted(
                operator,
                Python.type(left),
                Python.type(right),
                left == null || right == null ? " (a message without content?)" : ""));
  }

  private static Map<String, @Nullable Object> named(@Nullable Object value) {
    var out = new java.util.HashMap<String, @Nullable Object>();
    if (value instanceof Map<?, ?> m) {
      m.forEach((k, v) -> out.put(Python.str(k), v));
    }
    return out;
  }

  private static List<@Nullable Object> joined(List<?> a, List<?> b, Budget budget) {
    budget.spend((long) a.size() + b.size());
    var out = new ArrayList<@Nullable Object>(a);
    out.addAll(b);
    return out;
  }

  private static Object number(String operator, @Nullable Object left, @Nullable Object right) {
    try {
      if (!(left instanceof Double) && !(right instanceof Double) && !operator.equals("/")) {
        long a = Python.integer(left);
        long b = Python.integer(right);
        return switch (operator) {
          case "+" -> Math.addExact(a, b);
          case "-" -> Math.subtractExact(a, b);
          case "*" -> Math.multiplyExact(a, b);
          case "//" -> Math.floorDiv(a, b);
          case "%" -> Math.floorMod(a, b);
          case "**" -> b >= 0 ? (Object) power(a, b) : (Object) Math.pow(a, b);
          default -> throw new AssertionError(operator);
        };
      }
      double a = Python.real(left);
      double b = Python.real(right);
      if (b == 0 && (operator.startsWith("/") || operator.equals("%"))) {
        throw new ArithmeticException("division by zero");
      }
      return switch (operator) {
        case "+" -> a + b;
        case "-" -> a - b;
        case "*" -> a * b;
        case "/" -> a / b;
        case "//" -> Math.floor(a / b);
        case "%" -> a - b * Math.floor(a / b);
        case "**" -> Math.pow(a, b);
        default -> throw new AssertionError(operator);
      };
    } catch (ArithmeticException e) {
      throw new JinjaError("arithmetic: " + e.getMessage());
    }
  }

  private static long power(long base, long exponent) {
    if (exponent > 64 && Math.abs(base) > 1) {
      throw new ArithmeticException("long overflow");
    }
    long out = 1;
    for (long i = 0; i < Math.min(exponent, 64 + exponent % 2); i++) {
      out = Math.multiplyExact(out, base);
    }
    return out;
  }

  /** Python's {@code format % values}, as far as templates use it. */
  static String format(String format, Arguments values, Budget budget) {
    var matcher = DIRECTIVE.matcher(format);
    var out = new StringBuilder();
    int from = 0;
    int next = 0;
    while (matcher.find()) {
      out.append(format, from, matcher.start());
      from = matcher.end();
      var kind = matcher.group(4);
      if (kind.equals("%")) {
        out.append('%');
        continue;
      }
      var name = matcher.group(1);
      var value = name == null ? values.require(next++, "value") : values.get(99, name, null);
      var precision = matcher.group(3) == null ? 6 : Integer.parseInt(matcher.group(3));
      var text =
          switch (kind) {
            case "s" -> Python.str(value);
            case "r" -> Python.repr(value);
            case "f" ->
                String.format(
                    Locale.ROOT, "%." + Math.min(precision, 99) + "f", Python.real(value));
            case "x" -> Long.toHexString(Python.integer(value));
            default ->
                Long.toString(value instanceof Double d ? d.longValue() : Python.integer(value));
          };
      out.append(padded(text, matcher.group(2), budget));
      budget.room(out.length());
    }
    return out.append(format.substring(from)).toString();
  }

  private static String padded(String text, String flags, Budget budget) {
    var digits = flags.replaceFirst("^[-0]", "");
    long width =
        digits.isEmpty() ? 0 : digits.length() > 9 ? Long.MAX_VALUE : Long.parseLong(digits);
    budget.room(width);
    int missing = (int) Math.max(0, width - Text.length(text));
    if (flags.startsWith("-")) {
      return text + " ".repeat(missing);
    }
    boolean zeros = flags.startsWith("0");
    return zeros && text.startsWith("-")
        ? "-" + "0".repeat(missing) + text.substring(1)
        : (zeros ? "0" : " ").repeat(missing) + text;
  }
}
