package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Callable;
import dev.lathe.datasets.chat.jinja.Values.Generator;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import dev.lathe.datasets.chat.jinja.Values.View;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Python's truth, equality, order, iteration and printing. */
final class Python {
  private Python() {}

  static boolean truth(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case Undefined u -> false;
      case Boolean b -> b;
      case Long l -> l != 0;
      case Double d -> d != 0;
      case String s -> !s.isEmpty();
      case List<?> l -> !l.isEmpty();
      case Map<?, ?> m -> !m.isEmpty();
      case Tuple t -> !t.items().isEmpty();
      case View v -> !v.items().isEmpty();
      default -> true;
    };
  }

  static String type(@Nullable Object value) {
    return switch (value) {
      case null -> "NoneType";
      case Undefined u -> "Undefined";
      case Boolean b -> "bool";
      case Long l -> "int";
      case Double d -> "float";
      case String s -> "str";
      case List<?> l -> "list";
      case Map<?, ?> m -> "dict";
      case Tuple t -> "tuple";
      case View v -> v.kind();
      case Generator g -> "generator";
      default -> "object";
    };
  }

  /** {@code str(value)}. */
  static String str(@Nullable Object value) {
    return switch (value) {
      case String s -> s;
      case Undefined u -> "";
      case null -> "None";
      default -> repr(value);
    };
  }

  static String repr(@Nullable Object value) {
    var out = new StringBuilder();
    repr(value, out);
    return out.toString();
  }

  private static void repr(@Nullable Object value, StringBuilder out) {
    Budget.walked(1);
    switch (value) {
      case null -> out.append("None");
      case Undefined u -> out.append("Undefined");
      case Boolean b -> out.append(b ? "True" : "False");
      case Double d -> out.append(number(d));
      case Long l -> out.append(l.longValue());
      case String s -> {
        Budget.walked(s.length() / 4);
        out.append(Text.quoted(s));
      }
      case List<?> l -> joined(l, "[", "]", out);
      case Tuple t -> joined(t.items(), "(", t.items().size() == 1 ? ",)" : ")", out);
      case View v -> joined(v.items(), v.kind() + "([", "])", out);
      case Map<?, ?> m -> dict(m, out);
      case Values.Namespace n -> {
        out.append("<Namespace ");
        dict(n.fields, out);
        out.append(">");
      }
      default -> out.append("<").append(type(value)).append(">");
    }
  }

  private static void joined(List<?> items, String open, String close, StringBuilder out) {
    out.append(open);
    boolean first = true;
    for (var item : items) {
      out.append(first ? "" : ", ");
      first = false;
      repr(item, out);
    }
    out.append(close);
  }

  private static void dict(Map<?, ?> m, StringBuilder out) {
    out.append('{');
    boolean first = true;
    for (var e : m.entrySet()) {
      out.append(first ? "" : ", ");
      first = false;
      repr(e.getKey(), out);
      out.append(": ");
      repr(e.getValue(), out);
    }
    out.append('}');
  }

  /** Python's shortest float: plain from 1e-4 to 1e16, else with an exponent of two digits. */
  static String number(double d) {
    if (Double.isNaN(d)) {
      return "nan";
    }
    if (Double.isInfinite(d)) {
      return d > 0 ? "inf" : "-inf";
    }
    if (d == 0) {
      return 1 / d < 0 ? "-0.0" : "0.0";
    }
    var exact = new BigDecimal(Double.toString(d)).stripTrailingZeros();
    int exponent = exact.precision() - exact.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      var plain = exact.toPlainString();
      return plain.contains(".") ? plain : plain + ".0";
    }
    var digits = exact.unscaledValue().abs().toString();
    return (d < 0 ? "-" : "")
        + digits.charAt(0)
        + (digits.length() > 1 ? "." + digits.substring(1) : "")
        + "e%s%02d".formatted(exponent < 0 ? "-" : "+", Math.abs(exponent));
  }

  static boolean equal(@Nullable Object a, @Nullable Object b) {
    if (isNumber(a) && isNumber(b)) {
      return a instanceof Double || b instanceof Double
          ? real(a) == real(b)
          : integer(a) == integer(b);
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      return allEqual(x, y);
    }
    if (a instanceof Tuple x && b instanceof Tuple y) {
      return allEqual(x.items(), y.items());
    }
    if (a instanceof View x && b instanceof View y) {
      return x.kind().equals(y.kind()) && allEqual(x.items(), y.items());
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      Budget.walked(x.size());
      return x.size() == y.size()
          && x.entrySet().stream()
              .allMatch(e -> y.containsKey(e.getKey()) && equal(e.getValue(), y.get(e.getKey())));
    }
    return a instanceof Undefined ? b instanceof Undefined : Objects.equals(a, b);
  }

  private static boolean allEqual(List<?> x, List<?> y) {
    Budget.walked(1);
    if (x == y || x.size() != y.size()) {
      return x == y;
    }
    for (int i = 0; i < x.size(); i++) {
      Budget.walked(1);
      if (!equal(x.get(i), y.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** Order as {@code <} has it; an error where Python has none. */
  static int compare(@Nullable Object a, @Nullable Object b) {
    if (isNumber(a) && isNumber(b)) {
      return a instanceof Double || b instanceof Double
          ? Double.compare(real(a), real(b))
          : Long.compare(integer(a), integer(b));
    }
    if (a instanceof String x && b instanceof String y) {
      return compareCodePoints(x, y);
    }
    var x = sequence(a);
    var y = sequence(b);
    if (x != null && y != null && type(a).equals(type(b))) {
      Budget.walked(1);
      for (int i = 0; i < Math.min(x.size(), y.size()); i++) {
        Budget.walked(1);
        if (!equal(x.get(i), y.get(i))) {
          return compare(x.get(i), y.get(i));
        }
      }
      return Integer.compare(x.size(), y.size());
    }
    if (a instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    if (b instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    throw new JinjaError("no order between '" + type(a) + "' and '" + type(b) + "'");
  }

  private static int compareCodePoints(String x, String y) {
    int i = 0;
    while (i < x.length() && i < y.length() && x.charAt(i) == y.charAt(i)) {
      i++;
    }
    if (i == x.length() || i == y.length()) {
      return Integer.compare(x.length(), y.length());
    }
    // Surrogates stand for code points above all others.
    boolean high = Character.isSurrogate(x.charAt(i)) != Character.isSurrogate(y.charAt(i));
    int order = Character.compare(x.charAt(i), y.charAt(i));
    return high ? (Character.isSurrogate(x.charAt(i)) ? 1 : -1) : order;
  }

  private static @Nullable List<?> sequence(@Nullable Object value) {
    return value instanceof List<?> l ? l : value instanceof Tuple t ? t.items() : null;
  }

  static boolean isNumber(@Nullable Object value) {
    return value instanceof Long || value instanceof Double || value instanceof Boolean;
  }

  static long integer(@Nullable Object value) {
    return switch (value) {
      case Long l -> l;
      case Boolean b -> b ? 1 : 0;
      case Undefined u -> throw new JinjaError(u.message());
      case null, default -> throw new JinjaError("an integer is wanted, not '" + type(value) + "'");
    };
  }

  static double real(@Nullable Object value) {
    return value instanceof Double d ? d : integer(value);
  }

  /** The items that {@code for} would see. */
  static List<@Nullable Object> items(@Nullable Object value) {
    return switch (value) {
      case List<?> l -> cast(l);
      case Tuple t -> t.items();
      case View v -> v.items();
      case Map<?, ?> m -> new ArrayList<>(m.keySet());
      case Generator g -> g.take();
      case Undefined u -> List.of();
      case String s -> {
        var out = new ArrayList<@Nullable Object>();
        s.codePoints().forEach(c -> out.add(Character.toString(c)));
        yield out;
      }
      case null, default -> throw new JinjaError("'" + type(value) + "' is not iterable");
    };
  }

  @SuppressWarnings("unchecked")
  private static List<@Nullable Object> cast(List<?> list) {
    return (List<@Nullable Object>) list;
  }

  static long length(@Nullable Object value) {
    return switch (value) {
      case String s -> Text.length(s);
      case List<?> l -> l.size();
      case Map<?, ?> m -> m.size();
      case Tuple t -> t.items().size();
      case View v -> v.items().size();
      case Undefined u -> 0;
      case Values.Loop l -> l.items.size();
      case null, default -> throw new JinjaError("'" + type(value) + "' has no length");
    };
  }

  /** The key of {@code m} that equals this one as Python has it: 1, 1.0 and True are one key. */
  static @Nullable Object key(Map<?, ?> m, @Nullable Object key) {
    if (key instanceof List<?> || key instanceof Map<?, ?> || key instanceof View) {
      throw new JinjaError("unhashable type: '" + type(key) + "'");
    }
    if (key instanceof Tuple t) {
      t.items().forEach(i -> requireScalar(i));
    }
    if (!isNumber(key) || m.containsKey(key)) {
      return key;
    }
    for (var k : m.keySet()) {
      if (isNumber(k) && equal(k, key)) {
        return k;
      }
    }
    return key;
  }

  private static void requireScalar(@Nullable Object part) {
    if (!(part == null || part instanceof String || isNumber(part))) {
      throw new JinjaError("a tuple of '" + type(part) + "' cannot be a key here");
    }
  }

  /** {@code item in container}. */
  static boolean contains(@Nullable Object container, @Nullable Object item) {
    return switch (container) {
      case String s -> {
        if (!(item instanceof String sought)) {
          throw new JinjaError("only a string can be in a string, not '" + type(item) + "'");
        }
        yield s.contains(sought);
      }
      case Map<?, ?> m -> m.containsKey(key(m, item));
      case null, default -> items(container).stream().anyMatch(i -> equal(i, item));
    };
  }

  static boolean isCallable(@Nullable Object value) {
    return value instanceof Callable;
  }
}
