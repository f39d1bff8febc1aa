package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Callable;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import dev.lathe.datasets.chat.jinja.Values.View;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Methods of dicts and lists; those of texts are {@link TextMethods}'. */
final class Methods {
  /** The sandbox lets no template change a value that it was given. */
  private static final Set<String> CHANGING =
      Set.of(
          "append",
          "clear",
          "pop",
          "popitem",
          "reverse",
          "insert",
          "sort",
          "extend",
          "remove",
          "setdefault",
          "update");

  private Methods() {}

  static @Nullable Object of(@Nullable Object of, String name, Budget budget) {
    return switch (of) {
      case String s -> TextMethods.of(s, name, budget);
      case Map<?, ?> m -> dict(m, name);
      case List<?> l -> list(l, name);
      case Tuple t when !CHANGING.contains(name) -> list(t.items(), name);
      case null, default -> null;
    };
  }

  private static @Nullable Callable dict(Map<?, ?> m, String name) {
    return switch (name) {
      case "get" ->
          a -> {
            var key = Python.key(m, a.require(0, "key"));
            return m.containsKey(key) ? m.get(key) : a.get(1, "default", null);
          };
      case "items" -> a -> items(m);
      case "keys" -> a -> new View("dict_keys", new ArrayList<>(m.keySet()));
      case "values" -> a -> new View("dict_values", new ArrayList<>(m.values()));
      case "copy" -> a -> new LinkedHashMap<@Nullable Object, @Nullable Object>(m);
      case "clear", "pop", "popitem", "setdefault", "update" -> refused("dict", name);
      default -> null;
    };
  }

  static View items(Map<?, ?> m) {
    var out = new ArrayList<@Nullable Object>(m.size());
    m.forEach(
        (k, v) -> {
          var pair = new ArrayList<@Nullable Object>(2);
          pair.add(k);
          pair.add(v);
          out.add(new Tuple(pair));
        });
    return new View("dict_items", out);
  }

  private static @Nullable Callable list(List<?> l, String name) {
    if (CHANGING.contains(name)) {
      return name.equals("popitem") || name.equals("setdefault") || name.equals("update")
          ? null
          : refused("list", name);
    }
    return switch (name) {
      case "index" -> a -> index(l, a);
      case "count" -> a -> l.stream().filter(i -> Python.equal(i, a.require(0, "value"))).count();
      case "copy" -> a -> new ArrayList<@Nullable Object>(l);
      default -> null;
    };
  }

  private static long index(List<?> l, Arguments a) {
    var sought = a.require(0, "value");
    for (int i = 0; i < l.size(); i++) {
      if (Python.equal(l.get(i), sought)) {
        return i;
      }
    }
    throw new JinjaError(Python.repr(sought) + " is not in the list");
  }

  private static Callable refused(String type, String name) {
    return a -> {
      throw new JinjaError(
          "'%s' would change a %s, which a template may not".formatted(name, type));
    };
  }
}
