package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Loop;
import dev.lathe.datasets.chat.jinja.Values.Namespace;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code a.b}, {@code a[b]} and {@code a[i:j:k]}. */
final class Access {
  private Access() {}

  /** An attribute if there is one, else the item of that name. */
  static @Nullable Object attribute(@Nullable Object of, String name, Budget budget) {
    return switch (of) {
      case Undefined u -> throw new JinjaError(u.message());
      case Namespace n -> n.fields.containsKey(name) ? n.fields.get(name) : missing(of, name);
      case Loop l -> l.attribute(name);
      case Macro m when name.equals("name") -> m.name();
      case null, default -> {
        var method = Methods.of(of, name, budget);
        if (method != null) {
          yield method;
        }
        yield of instanceof Map<?, ?> m && m.containsKey(name) ? m.get(name) : missing(of, name);
      }
    };
  }

  /** The item of that key if there is one, else the attribute of that name. */
  static @Nullable Object item(@Nullable Object of, @Nullable Object key, Budget budget) {
    if (of instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    if (of instanceof Map<?, ?> m && m.containsKey(Python.key(m, key))) {
      return m.get(Python.key(m, key));
    }
    if (key instanceof Long || key instanceof Boolean) {
      long i = Python.integer(key);
      if (of instanceof String s) {
        return character(s, i);
      }
      var items = of instanceof Tuple t ? t.items() : of instanceof List<?> l ? l : null;
      if (items != null) {
        long at = i < 0 ? i + items.size() : i;
        return at >= 0 && at < items.size() ? items.get((int) at) : missing(of, Python.str(key));
      }
    }
    return key instanceof String name && !(of instanceof Namespace)
        ? attribute(of, name, budget)
        : missing(of, Python.str(key));
  }

  private static Object character(String s, long i) {
    int n = Text.length(s);
    long at = i < 0 ? i + n : i;
    if (at < 0 || at >= n) {
      return missing(s, Long.toString(i));
    }
    return Character.toString(s.codePointAt(s.offsetByCodePoints(0, (int) at)));
  }

  static Object missing(@Nullable Object of, String name) {
    return new Undefined("'%s object' has no attribute '%s'".formatted(Python.type(of), name));
  }

  static @Nullable Object slice(
      @Nullable Object of, @Nullable Object start, @Nullable Object stop, @Nullable Object step) {
    if (of instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    if (!(of instanceof String || of instanceof List<?> || of instanceof Tuple)) {
      throw new JinjaError("'" + Python.type(of) + "' cannot be sliced");
    }
    var items = Python.items(of);
    int n = items.size();
    long by = step == null ? 1 : Python.integer(step);
    if (by == 0) {
      throw new JinjaError("a slice's step cannot be 0");
    }
    long from = bound(start, by > 0 ? 0 : n - 1, n, by);
    long to = bound(stop, by > 0 ? n : -1, n, by);
    var out = new ArrayList<@Nullable Object>();
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      out.add(items.get((int) i));
    }
    return switch (of) {
      case String s -> String.join("", out.stream().map(Python::str).toList());
      case Tuple t -> new Tuple(out);
      default -> out;
    };
  }

  private static long bound(@Nullable Object given, long byDefault, int n, long step) {
    if (given == null) {
      return byDefault;
    }
    long i = Python.integer(given);
    i = i < 0 ? i + n : i;
    return step > 0 ? Math.clamp(i, 0, n) : Math.clamp(i, -1, n - 1L);
  }
}
