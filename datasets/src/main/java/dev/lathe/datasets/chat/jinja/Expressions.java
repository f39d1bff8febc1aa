package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Callable;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import dev.lathe.datasets.chat.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions. */
final class Expressions {
  final Budget budget;
  private final Filters filters;
  private final Tests tests;

  Expressions(Budget budget) {
    this.budget = budget;
    this.tests = new Tests();
    this.filters = new Filters(this, tests);
  }

  @Nullable Object eval(Expr expr, Scope scope) {
    budget.step();
    return switch (expr) {
      case Expr.Constant c -> c.value();
      case Expr.Name n -> scope.get(n.name());
      case Expr.ListOf l -> all(l.items(), scope);
      case Expr.TupleOf t -> new Tuple(all(t.items(), scope));
      case Expr.DictOf d -> {
        var out = new LinkedHashMap<@Nullable Object, @Nullable Object>();
        for (var e : d.entries()) {
          var key = Python.key(out, eval(e.key(), scope));
          out.put(key, eval(e.value(), scope));
        }
        yield out;
      }
      case Expr.Attribute a -> Access.attribute(eval(a.of(), scope), a.name(), budget);
      case Expr.Item i -> Access.item(eval(i.of(), scope), eval(i.key(), scope), budget);
      case Expr.Slice s ->
          Access.slice(
              eval(s.of(), scope),
              optional(s.start(), scope),
              optional(s.stop(), scope),
              optional(s.step(), scope));
      case Expr.Invoke i -> call(eval(i.callee(), scope), arguments(i.given(), scope));
      case Expr.Filter f -> {
        var of = f.of();
        var value = of == null ? scope.get(Interpreter.WRITTEN) : eval(of, scope);
        yield filters.apply(f.name(), value, arguments(f.given(), scope));
      }
      case Expr.Test t ->
          tests.holds(t.name(), eval(t.of(), scope), arguments(t.given(), scope), filters);
      case Expr.Not n -> !Python.truth(eval(n.of(), scope));
      case Expr.Sign s -> Arithmetic.sign(s.negative(), eval(s.of(), scope));
      case Expr.Binary b ->
          Arithmetic.apply(b.operator(), eval(b.left(), scope), eval(b.right(), scope), budget);
      case Expr.And a -> {
        var left = eval(a.left(), scope);
        yield Python.truth(left) ? eval(a.right(), scope) : left;
      }
      case Expr.Or o -> {
        var left = eval(o.left(), scope);
        yield Python.truth(left) ? left : eval(o.right(), scope);
      }
      case Expr.Compare c -> compare(c, scope);
      case Expr.Concat c -> {
        var out = new StringBuilder();
        for (var part : c.parts()) {
          var text = Python.str(eval(part, scope));
          budget.room((long) out.length() + text.length());
          out.append(text);
        }
        yield out.toString();
      }
      case Expr.Conditional c -> {
        if (Python.truth(eval(c.test(), scope))) {
          yield eval(c.then(), scope);
        }
        var otherwise = c.otherwise();
        yield otherwise == null
            ? new Undefined("the inline if-expression has no else")
            : eval(otherwise, scope);
      }
    };
  }

  @Nullable Object call(@Nullable Object callee, Arguments arguments) {
    if (callee instanceof Undefined u) {
      throw new JinjaError(u.message());
    }
    var callable = callee instanceof Values.Loop loop ? loop.recursion : callee;
    if (!(callable instanceof Callable function)) {
      throw new JinjaError("'" + Python.type(callee) + "' cannot be called");
    }
    budget.enter();
    var out = function.call(arguments);
    budget.leave();
    return out;
  }

  Arguments arguments(Expr.Given given, Scope scope) {
    if (given == Expr.Given.NONE) {
      return new Arguments(List.of(), Map.of());
    }
    var positional = all(given.positional(), scope);
    var named = new LinkedHashMap<String, @Nullable Object>();
    for (var n : given.named()) {
      named.put(n.name(), eval(n.value(), scope));
    }
    if (given.unpacked() != null) {
      positional.addAll(Python.items(eval(given.unpacked(), scope)));
    }
    if (given.unpackedNamed() != null
        && eval(given.unpackedNamed(), scope) instanceof Map<?, ?> more) {
      more.forEach((k, v) -> named.put(Python.str(k), v));
    }
    return new Arguments(positional, named);
  }

  private List<@Nullable Object> all(List<Expr> exprs, Scope scope) {
    var out = new ArrayList<@Nullable Object>(exprs.size());
    for (var e : exprs) {
      out.add(eval(e, scope));
    }
    return out;
  }

  private @Nullable Object optional(@Nullable Expr expr, Scope scope) {
    return expr == null ? null : eval(expr, scope);
  }

  private boolean compare(Expr.Compare c, Scope scope) {
    var left = eval(c.first(), scope);
    for (var next : c.rest()) {
      var right = eval(next.right(), scope);
      if (left instanceof String s) {
        budget.spend(s.length() / 16);
      }
      boolean holds =
          switch (next.operator()) {
            case "==" -> Python.equal(left, right);
            case "!=" -> !Python.equal(left, right);
            case "<" -> Python.compare(left, right) < 0;
            case "<=" -> Python.compare(left, right) <= 0;
            case ">" -> Python.compare(left, right) > 0;
            case ">=" -> Python.compare(left, right) >= 0;
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            default -> throw new AssertionError(next.operator());
          };
      if (!holds) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private boolean contains(@Nullable Object container, @Nullable Object item) {
    budget.spend(container instanceof String s ? s.length() / 16 : 1);
    if (container instanceof List<?> l) {
      budget.spend(l.size());
    }
    return Python.contains(container, item);
  }
}
