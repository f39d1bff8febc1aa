package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Generator;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Filters over lists, dicts and other sequences. */
final class SequenceFilters {
  static final Set<String> NAMES =
      Set.of(
          "length",
          "count",
          "join",
          "first",
          "last",
          "list",
          "items",
          "dictsort",
          "sort",
          "unique",
          "reverse",
          "map",
          "select",
          "reject",
          "selectattr",
          "rejectattr",
          "sum",
          "min",
          "max",
          "batch");

  private final Filters filters;
  private final Tests tests;
  private final Budget budget;

  SequenceFilters(Filters filters, Tests tests, Budget budget) {
    this.filters = filters;
    this.tests = tests;
    this.budget = budget;
  }

  @Nullable Object apply(String name, @Nullable Object value, Arguments a) {
    return switch (name) {
      case "length", "count" -> Python.length(value);
      case "join" -> join(value, a);
      case "first" -> {
        var items = value instanceof Generator g ? g.takeFirst() : Python.items(value);
        yield items.isEmpty() ? new Undefined("an empty sequence has no first item") : items.get(0);
      }
      case "last" -> {
        var items = items(value);
        yield items.isEmpty()
            ? new Undefined("an empty sequence has no last item")
            : items.get(items.size() - 1);
      }
      case "list" -> new ArrayList<>(items(value));
      case "items" -> {
        if (value instanceof Undefined) {
          yield new Generator(List.of());
        }
        if (!(value instanceof Map<?, ?> m)) {
          throw new JinjaError("only a mapping has items, not '" + Python.type(value) + "'");
        }
        yield new Generator(Methods.items(m).items());
      }
      case "dictsort" -> dictsort(value, a);
      case "sort" -> {
        var key = key(a.get(2, "attribute", null), a.flag(1, "case_sensitive"));
        yield sorted(items(value), key, a.flag(0, "reverse"));
      }
      case "unique" -> unique(items(value), a);
      case "reverse" ->
          value instanceof String s
              ? new StringBuilder(s).reverse().toString()
              : new Generator(items(value).reversed());
      case "map" -> new Generator(map(items(value), a));
      case "select", "reject" -> {
        var kept = tested(name.equals("select"), 0, i -> i, a);
        yield new Generator(items(value).stream().filter(kept).toList());
      }
      case "selectattr", "rejectattr" -> {
        var attribute = a.require(0, "attribute");
        var kept = tested(name.equals("selectattr"), 1, i -> filters.path(i, attribute), a);
        yield new Generator(items(value).stream().filter(kept).toList());
      }
      case "sum" -> {
        var attribute = a.get(0, "attribute", null);
        var sum = a.get(1, "start", 0L);
        for (var item : items(value)) {
          var part = attribute == null ? item : filters.path(item, attribute);
          sum = Arithmetic.apply("+", sum, part, budget);
        }
        yield sum;
      }
      case "min", "max" -> extreme(name.equals("min"), items(value), a);
      case "batch" -> batch(items(value), a);
      default -> throw new AssertionError(name);
    };
  }

  private List<@Nullable Object> items(@Nullable Object value) {
    var items = Python.items(value);
    budget.spend(items.size());
    return items;
  }

  private String join(@Nullable Object value, Arguments a) {
    var between = a.text(0, "d", "");
    var attribute = a.get(1, "attribute", null);
    var out = new StringBuilder();
    boolean first = true;
    for (var item : items(value)) {
      var text = Python.str(attribute == null ? item : filters.path(item, attribute));
      budget.room(
          (long) out.length() + text.length() > Budget.LONGEST_TEXT
              ? Long.MAX_VALUE
              : (long) text.length() + between.length());
      out.append(first ? "" : between).append(text);
      first = false;
    }
    return out.toString();
  }

  private List<@Nullable Object> map(List<@Nullable Object> items, Arguments a) {
    if (!a.positional().isEmpty()) {
      return filters.each(items, a.text(0, "filter", ""), a.rest(1));
    }
    var attribute = a.require(0, "attribute");
    var out = new ArrayList<@Nullable Object>(items.size());
    for (var item : items) {
      var value = filters.path(item, attribute);
      out.add(value instanceof Undefined ? a.named().getOrDefault("default", value) : value);
    }
    return out;
  }

  private Predicate<@Nullable Object> tested(
      boolean wanted, int from, Function<@Nullable Object, @Nullable Object> of, Arguments a) {
    if (!a.has(from, "test")) {
      return i -> Python.truth(of.apply(i)) == wanted;
    }
    var test = a.text(from, "test", "");
    var rest = a.rest(from + 1);
    return i -> {
      budget.step();
      return tests.holds(test, of.apply(i), rest, filters) == wanted;
    };
  }

  /** What is sorted by: the value or its attribute (several with commas), texts without case. */
  private Function<@Nullable Object, @Nullable Object> key(
      @Nullable Object attribute, boolean caseSensitive) {
    if (attribute instanceof String s && s.contains(",")) {
      var parts = List.of(s.split(","));
      return i -> {
        var keys = new ArrayList<@Nullable Object>();
        parts.forEach(p -> keys.add(folded(filters.path(i, p), caseSensitive)));
        return new Tuple(keys);
      };
    }
    return i -> folded(attribute == null ? i : filters.path(i, attribute), caseSensitive);
  }

  private static @Nullable Object folded(@Nullable Object value, boolean caseSensitive) {
    return value instanceof String s && !caseSensitive ? s.toLowerCase(Locale.ROOT) : value;
  }

  private List<@Nullable Object> sorted(
      List<@Nullable Object> items,
      Function<@Nullable Object, @Nullable Object> key,
      boolean reverse) {
    Comparator<@Nullable Object> order =
        (x, y) -> {
          budget.step();
          return Python.compare(key.apply(x), key.apply(y));
        };
    var out = new ArrayList<>(items);
    out.sort(reverse ? order.reversed() : order);
    return out;
  }

  private List<@Nullable Object> dictsort(@Nullable Object value, Arguments a) {
    if (!(value instanceof Map<?, ?> m)) {
      throw new JinjaError("only a mapping can be dictsorted, not '" + Python.type(value) + "'");
    }
    int position = a.text(1, "by", "key").equals("value") ? 1 : 0;
    boolean caseSensitive = a.flag(0, "case_sensitive");
    return sorted(
        Methods.items(m).items(),
        pair -> folded(((Tuple) pair).items().get(position), caseSensitive),
        a.flag(2, "reverse"));
  }

  private Generator unique(List<@Nullable Object> items, Arguments a) {
    var key = key(a.get(1, "attribute", null), a.flag(0, "case_sensitive"));
    var seen = new ArrayList<@Nullable Object>();
    var out = new ArrayList<@Nullable Object>();
    for (var item : items) {
      var k = key.apply(item);
      budget.spend(seen.size());
      if (seen.stream().noneMatch(s -> Python.equal(s, k))) {
        seen.add(k);
        out.add(item);
      }
    }
    return new Generator(out);
  }

  private @Nullable Object extreme(boolean least, List<@Nullable Object> items, Arguments a) {
    if (items.isEmpty()) {
      return new Undefined("No aggregated item, sequence was empty.");
    }
    var key = key(a.get(1, "attribute", null), a.flag(0, "case_sensitive"));
    var best = items.get(0);
    for (var item : items) {
      int order = Python.compare(key.apply(item), key.apply(best));
      best = (least ? order < 0 : order > 0) ? item : best;
    }
    return best;
  }

  private Generator batch(List<@Nullable Object> items, Arguments a) {
    int size = (int) Math.clamp(a.integer(0, "linecount", 1), 1, Integer.MAX_VALUE);
    var out = new ArrayList<@Nullable Object>();
    for (int i = 0; i < items.size(); i += size) {
      var row = new ArrayList<>(items.subList(i, Math.min(items.size(), i + size)));
      var fill = a.get(1, "fill_with", null);
      budget.spend(fill == null ? 0 : size);
      while (fill != null && row.size() < size) {
        row.add(fill);
      }
      out.add(row);
    }
    return new Generator(out);
  }
}
