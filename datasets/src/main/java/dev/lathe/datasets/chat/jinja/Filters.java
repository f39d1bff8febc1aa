package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Generator;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What may stand behind a bar. Those over sequences are {@link SequenceFilters}'. */
final class Filters {
  private static final Set<String> TEXT =
      Set.of(
          "trim",
          "upper",
          "lower",
          "capitalize",
          "title",
          "replace",
          "indent",
          "string",
          "safe",
          "format",
          "center",
          "wordcount",
          "e",
          "escape",
          "tojson",
          "int",
          "float",
          "abs",
          "round",
          "default",
          "d",
          "attr");
  private static final Pattern WORD = Pattern.compile("[^-\\s({\\[<]+");

  private final Expressions expressions;
  private final SequenceFilters sequences;

  Filters(Expressions expressions, Tests tests) {
    this.expressions = expressions;
    this.sequences = new SequenceFilters(this, tests, expressions.budget);
  }

  boolean exists(String name) {
    return TEXT.contains(name) || SequenceFilters.NAMES.contains(name);
  }

  @Nullable Object apply(String name, @Nullable Object value, Arguments a) {
    var budget = expressions.budget;
    return switch (name) {
      case "trim" -> {
        var chars = a.get(0, "chars", null);
        var s = text(value);
        yield chars == null ? Text.strip(s) : Text.strip(s, Python.str(chars), true, true);
      }
      case "upper" -> text(value).toUpperCase(Locale.ROOT);
      case "lower" -> text(value).toLowerCase(Locale.ROOT);
      case "capitalize" -> Text.capitalized(text(value));
      case "title" -> WORD.matcher(text(value)).replaceAll(m -> quoted(m.group()));
      case "replace" -> {
        var count = a.get(2, "count", null);
        yield TextMethods.replace(
            text(value),
            Python.str(a.require(0, "old")),
            Python.str(a.require(1, "new")),
            count == null ? -1 : Python.integer(count),
            budget);
      }
      case "indent" -> indented(text(value), a);
      case "string", "safe" -> text(value);
      case "format" -> Arithmetic.format(text(value), a, budget);
      case "center" ->
          expressions.call(
              Access.attribute(text(value), "center", budget),
              new Arguments(List.of(a.integer(0, "width", 80)), Map.of()));
      case "wordcount" -> (long) Pattern.compile("(?U)\\w+").matcher(text(value)).results().count();
      case "e", "escape" ->
          text(value)
              .replace("&", "&amp;")
              .replace(">", "&gt;")
              .replace("<", "&lt;")
              .replace("'", "&#39;")
              .replace("\"", "&#34;");
      case "tojson" -> Json.dumps(value, a, budget);
      case "int" -> integer(value, a);
      case "float" -> real(value, a.get(0, "default", 0.0));
      case "abs" ->
          value instanceof Double d ? Math.abs(d) : (Object) Math.absExact(Python.integer(value));
      case "round" -> rounded(value, a);
      case "default", "d" -> {
        boolean lacking =
            value instanceof Undefined || (a.flag(1, "boolean") && !Python.truth(value));
        yield lacking ? a.get(0, "default_value", "") : value;
      }
      case "attr" -> {
        var key = a.text(0, "name", "");
        yield value instanceof Map<?, ?> && Methods.of(value, key, budget) == null
            ? Access.missing(value, key)
            : Access.attribute(value, key, budget);
      }
      default -> {
        if (!SequenceFilters.NAMES.contains(name)) {
          throw new JinjaError("no filter is named '" + name + "'");
        }
        yield sequences.apply(name, value, a);
      }
    };
  }

  /** {@code a.b.0}, as {@code map(attribute=…)} and its like take it. */
  @Nullable Object path(@Nullable Object value, @Nullable Object path) {
    var out = value;
    for (var part : Python.str(path).split("\\.")) {
      out =
          Access.item(
              out,
              part.matches("\\d{1,9}") ? (Object) Long.valueOf(part) : part,
              expressions.budget);
    }
    return out;
  }

  private String text(@Nullable Object value) {
    return expressions.budget.text(Python.str(value));
  }

  private static String quoted(String word) {
    int first = Character.charCount(word.codePointAt(0));
    return java.util.regex.Matcher.quoteReplacement(
        word.substring(0, first).toUpperCase(Locale.ROOT)
            + word.substring(first).toLowerCase(Locale.ROOT));
  }

  private String indented(String s, Arguments a) {
    var width = a.get(0, "width", 4L);
    var by = width instanceof String w ? w : blanks(Python.integer(width));
    boolean blank = a.flag(2, "blank");
    var out = new StringBuilder(a.flag(1, "first") ? by : "");
    boolean first = true;
    for (var line : TextMethods.lines(s + "\n", false)) {
      var text = Python.str(line);
      if (!first) {
        out.append('\n').append(blank || !text.isEmpty() ? by : "");
      }
      out.append(text);
      expressions.budget.room(out.length() > Budget.LONGEST_TEXT ? out.length() : by.length());
      first = false;
    }
    return out.toString();
  }

  private String blanks(long width) {
    expressions.budget.room(Math.max(0, width));
    return " ".repeat((int) Math.max(0, width));
  }

  private static @Nullable Object integer(@Nullable Object value, Arguments a) {
    var byDefault = a.get(0, "default", 0L);
    try {
      return switch (value) {
        case Double d ->
            Double.isNaN(d) || Double.isInfinite(d)
                ? byDefault
                : (Object) new BigDecimal(d).toBigInteger().longValueExact();
        case Long l -> l;
        case Boolean b -> b ? 1L : 0L;
        case String s -> {
          var digits = Text.strip(s).replace("_", "");
          int base = (int) a.integer(1, "base", 10);
          boolean prefixed = base != 10 && digits.matches("0[xXoObB].+");
          try {
            yield Long.parseLong(prefixed ? digits.substring(2) : digits, base);
          } catch (NumberFormatException e) {
            yield new BigDecimal(digits).toBigInteger().longValueExact();
          }
        }
        case Undefined u -> throw new JinjaError(u.message());
        case null, default -> byDefault;
      };
    } catch (NumberFormatException e) {
      return byDefault;
    }
  }

  private static @Nullable Object real(@Nullable Object value, @Nullable Object byDefault) {
    if (value instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    if (!(value instanceof String s)) {
      return Python.isNumber(value) ? (Object) Python.real(value) : byDefault;
    }
    try {
      return new BigDecimal(Text.strip(s).replace("_", "")).doubleValue();
    } catch (NumberFormatException e) {
      return byDefault;
    }
  }

  private static Object rounded(@Nullable Object value, Arguments a) {
    int places = (int) Math.clamp(a.integer(0, "precision", 0), -300, 300);
    var method = a.text(1, "method", "common");
    if (method.equals("common")) {
      return value instanceof Double d
          ? new BigDecimal(d).setScale(places, RoundingMode.HALF_EVEN).doubleValue()
          : places >= 0
              ? (Object) Python.integer(value)
              : new BigDecimal(Python.integer(value))
                  .setScale(places, RoundingMode.HALF_EVEN)
                  .longValueExact();
    }
    double scale = Math.pow(10, places);
    double scaled = Python.real(value) * scale;
    return (method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
  }

  /** For filters that take another filter's name. */
  List<@Nullable Object> each(List<@Nullable Object> items, String filter, Arguments a) {
    var out = new ArrayList<@Nullable Object>(items.size());
    for (var item : items) {
      expressions.budget.step();
      out.add(apply(filter, item, a));
    }
    return out;
  }

  static Generator generator(List<@Nullable Object> items) {
    return new Generator(items);
  }
}
