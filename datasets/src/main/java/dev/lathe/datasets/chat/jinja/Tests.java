package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Generator;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import dev.lathe.datasets.chat.jinja.Values.View;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What may stand behind {@code is}. */
final class Tests {
  private static final Set<String> NAMES =
      Set.of(
          "defined",
          "undefined",
          "none",
          "boolean",
          "true",
          "false",
          "integer",
          "float",
          "number",
          "string",
          "mapping",
          "sequence",
          "iterable",
          "callable",
          "lower",
          "upper",
          "odd",
          "even",
          "divisibleby",
          "in",
          "sameas",
          "eq",
          "equalto",
          "==",
          "ne",
          "!=",
          "gt",
          "greaterthan",
          ">",
          "ge",
          ">=",
          "lt",
          "lessthan",
          "<",
          "le",
          "<=",
          "filter",
          "test",
          "escaped");

  boolean holds(String name, @Nullable Object value, Arguments arguments, Filters filters) {
    return switch (name) {
      case "defined" -> !(value instanceof Undefined);
      case "undefined" -> value instanceof Undefined;
      case "none" -> value == null;
      case "boolean" -> value instanceof Boolean;
      case "true" -> value instanceof Boolean b && b;
      case "false" -> value instanceof Boolean b && !b;
      case "integer" -> value instanceof Long;
      case "float" -> value instanceof Double;
      case "number" -> Python.isNumber(value);
      case "string" -> value instanceof String;
      case "mapping" -> value instanceof Map<?, ?>;
      case "sequence" ->
          value instanceof String
              || value instanceof List<?>
              || value instanceof Map<?, ?>
              || value instanceof Tuple
              || value instanceof Undefined;
      case "iterable" ->
          value instanceof Generator
              || value instanceof View
              || holds("sequence", value, arguments, filters);
      case "callable" -> Python.isCallable(value);
      case "lower" -> TextMethods.isLower(Python.str(value));
      case "upper" -> TextMethods.isUpper(Python.str(value));
      case "odd" -> Math.floorMod(Python.integer(value), 2) == 1;
      case "even" -> Math.floorMod(Python.integer(value), 2) == 0;
      case "divisibleby" -> {
        long by = Python.integer(arguments.require(0, "num"));
        if (by == 0) {
          throw new JinjaError("arithmetic: modulo by zero");
        }
        yield Python.integer(value) % by == 0;
      }
      case "in" -> Python.contains(arguments.require(0, "seq"), value);
      case "sameas" -> {
        var other = arguments.require(0, "other");
        yield value == other
            || (Python.type(value).equals(Python.type(other))
                && (value instanceof Boolean || value instanceof Long)
                && Python.equal(value, other));
      }
      case "eq", "equalto", "==" -> Python.equal(value, other(arguments));
      case "ne", "!=" -> !Python.equal(value, other(arguments));
      case "gt", "greaterthan", ">" -> Python.compare(value, other(arguments)) > 0;
      case "ge", ">=" -> Python.compare(value, other(arguments)) >= 0;
      case "lt", "lessthan", "<" -> Python.compare(value, other(arguments)) < 0;
      case "le", "<=" -> Python.compare(value, other(arguments)) <= 0;
      case "filter" -> filters.exists(Python.str(value));
      case "test" -> NAMES.contains(Python.str(value));
      case "escaped" -> false;
      default -> throw new JinjaError("no test is named '" + name + "'");
    };
  }

  private static @Nullable Object other(Arguments arguments) {
    return arguments.require(0, "other");
  }
}
