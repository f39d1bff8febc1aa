package dev.lathe.datasets.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a template computes with: null (None), Boolean, Long, Double, String, List (list), Map
 * (dict), and the records below.
 */
final class Values {
  private Values() {}

  /**
   * A name or attribute that is not there: prints as nothing, is false; more than that is an error.
   */
  record Undefined(String message) {
    static Undefined name(String name) {
      return new Undefined("'" + name + "' is undefined");
    }
  }

  record Tuple(List<@Nullable Object> items) {}

  /** What {@code keys()}, {@code values()} and {@code items()} of a dict give. */
  record View(String kind, List<@Nullable Object> items) {}

  /** What map, select and their like give: always true, without a length, and read once. */
  static final class Generator {
    private List<@Nullable Object> items;

    Generator(List<@Nullable Object> items) {
      this.items = items;
    }

    List<@Nullable Object> take() {
      var all = items;
      items = new ArrayList<>();
      return all;
    }

    List<@Nullable Object> takeFirst() {
      if (items.isEmpty()) {
        return items;
      }
      var first = items.subList(0, 1);
      items = items.subList(1, items.size());
      return first;
    }
  }

  /** The only thing whose fields a template may set. */
  static final class Namespace {
    final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

    void set(String name, @Nullable Object value) {
      if (name.startsWith("_")) {
        throw new JinjaError("a namespace takes no names that begin with '_': '" + name + "'");
      }
      fields.put(name, value);
    }
  }

  /** The variable {@code loop}. */
  static final class Loop {
    final List<@Nullable Object> items;
    final int depth;
    final @Nullable Callable recursion;
    int index;
    private @Nullable Object changed = new Object();

    Loop(List<@Nullable Object> items, int depth, @Nullable Callable recursion) {
      this.items = items;
      this.depth = depth;
      this.recursion = recursion;
    }

    @Nullable Object attribute(String name) {
      int n = items.size();
      return switch (name) {
        case "index" -> index + 1L;
        case "index0" -> (long) index;
        case "revindex" -> (long) (n - index);
        case "revindex0" -> (long) (n - index - 1);
        case "first" -> index == 0;
        case "last" -> index == n - 1;
        case "length" -> (long) n;
        case "depth" -> (long) depth;
        case "depth0" -> (long) depth - 1;
        case "previtem" ->
            index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
        case "nextitem" ->
            index < n - 1 ? items.get(index + 1) : new Undefined("there is no next item");
        case "cycle" ->
            (Callable)
                a -> {
                  if (a.positional().isEmpty()) {
                    throw new JinjaError("no items for cycling given");
                  }
                  return a.positional().get(index % a.positional().size());
                };
        case "changed" ->
            (Callable)
                a -> {
                  boolean same = Python.equal(changed, new Tuple(a.positional()));
                  changed = new Tuple(a.positional());
                  return !same;
                };
        default -> new Undefined("'loop' has no attribute '" + name + "'");
      };
    }
  }

  /** A function, method or macro. */
  interface Callable {
    @Nullable Object call(Arguments arguments);
  }

  /** What a call is given, evaluated. */
  record Arguments(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
    boolean has(int position, String name) {
      return position < positional.size() || named.containsKey(name);
    }

    @Nullable Object get(int position, String name, @Nullable Object byDefault) {
      return position < positional.size()
          ? positional.get(position)
          : named.getOrDefault(name, byDefault);
    }

    @Nullable Object require(int position, String name) {
      if (!has(position, name)) {
        throw new JinjaError("the argument '" + name + "' is missing");
      }
      return get(position, name, null);
    }

    String text(int position, String name, String byDefault) {
      return Python.str(get(position, name, byDefault));
    }

    long integer(int position, String name, long byDefault) {
      return Python.integer(get(position, name, byDefault));
    }

    boolean flag(int position, String name) {
      return Python.truth(get(position, name, false));
    }

    Arguments rest(int from) {
      return new Arguments(
          positional.subList(Math.min(from, positional.size()), positional.size()), named);
    }
  }
}
