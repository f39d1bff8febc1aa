package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}, as transformers' {@code tojson} calls it. */
final class Json {
  private final StringBuilder out = new StringBuilder();
  private final Budget budget;
  private final boolean ascii;
  private final @Nullable String indent;
  private final String comma;
  private final String colon;
  private final boolean sorted;

  private Json(Arguments a, Budget budget) {
    this.budget = budget;
    this.ascii = a.flag(0, "ensure_ascii");
    var by = a.get(1, "indent", null);
    if (by instanceof Long n) {
      budget.room(n);
    }
    this.indent =
        by == null
            ? null
            : by instanceof String s ? s : " ".repeat((int) Math.max(0, Python.integer(by)));
    var separators = a.get(2, "separators", null);
    var pair = separators == null ? List.of() : Python.items(separators);
    this.comma = pair.size() == 2 ? Python.str(pair.get(0)) : indent == null ? ", " : ",";
    this.colon = pair.size() == 2 ? Python.str(pair.get(1)) : ": ";
    this.sorted = a.flag(3, "sort_keys");
  }

  static String dumps(@Nullable Object value, Arguments a, Budget budget) {
    var json = new Json(a, budget);
    json.write(value, 0);
    return budget.text(json.out.toString());
  }

  private void write(@Nullable Object value, int depth) {
    budget.room(out.length() > Budget.LONGEST_TEXT ? out.length() : 4);
    switch (value) {
      case null -> out.append("null");
      case Boolean b -> out.append(b.booleanValue());
      case Long l -> out.append(l.longValue());
      case Double d -> out.append(number(d));
      case String s -> string(s);
      case List<?> l -> array(l, depth);
      case Tuple t -> array(t.items(), depth);
      case Map<?, ?> m -> object(m, depth);
      default -> throw new JinjaError("'" + Python.type(value) + "' cannot be written as JSON");
    }
  }

  private static String number(double d) {
    return Double.isNaN(d)
        ? "NaN"
        : Double.isInfinite(d) ? (d > 0 ? "Infinity" : "-Infinity") : Python.number(d);
  }

  private void array(List<?> items, int depth) {
    out.append('[');
    boolean first = true;
    for (var item : items) {
      next(first, depth + 1);
      first = false;
      write(item, depth + 1);
    }
    close(']', first, depth);
  }

  private void object(Map<?, ?> m, int depth) {
    var keys = new ArrayList<@Nullable Object>(m.keySet());
    if (sorted) {
      Comparator<@Nullable Object> order = Python::compare;
      keys.sort(order);
    }
    out.append('{');
    boolean first = true;
    for (var key : keys) {
      next(first, depth + 1);
      first = false;
      string(
          switch (key) {
            case String s -> s;
            case null -> "null";
            case Boolean b -> b.toString();
            case Double d -> number(d);
            default -> Python.str(key);
          });
      out.append(colon);
      write(m.get(key), depth + 1);
    }
    close('}', first, depth);
  }

  private void next(boolean first, int depth) {
    out.append(first ? "" : comma);
    line(depth);
  }

  private void close(char bracket, boolean empty, int depth) {
    if (!empty) {
      line(depth);
    }
    out.append(bracket);
  }

  private void line(int depth) {
    if (indent != null) {
      budget.room((long) indent.length() * depth);
      out.append('\n').repeat(indent, depth);
    }
  }

  private void string(String s) {
    budget.room(s.length());
    out.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || (ascii && c > 0x7e)) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
