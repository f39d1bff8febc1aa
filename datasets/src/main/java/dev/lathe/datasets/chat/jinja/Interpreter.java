package dev.lathe.datasets.chat.jinja;

import dev.lathe.datasets.chat.jinja.Values.Arguments;
import dev.lathe.datasets.chat.jinja.Values.Loop;
import dev.lathe.datasets.chat.jinja.Values.Namespace;
import dev.lathe.datasets.chat.jinja.Values.Tuple;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs statements, writes what they print, and notes where each message was written. */
final class Interpreter {
  /** Where a filter block keeps what its body wrote; no template can spell this name. */
  static final String WRITTEN = " written";

  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  private final Expressions expressions;
  private final Budget budget;
  private final Map<Object, Integer> tracked = new IdentityHashMap<>();
  private final StringBuilder root = new StringBuilder();
  private final List<Rendering.Turn> turns = new ArrayList<>();
  private final List<Rendering.Generation> generations = new ArrayList<>();
  private StringBuilder out = root;
  private int current = Rendering.OUTSIDE;
  private int line = 1;
  private boolean generationsInPlace = true;

  Interpreter(List<?> tracked, Budget budget) {
    this.budget = budget;
    this.expressions = new Expressions(budget);
    for (int i = 0; i < tracked.size(); i++) {
      this.tracked.put(tracked.get(i), i);
    }
  }

  Rendering run(List<Stmt> template, Scope scope) {
    run(template, scope, 0);
    return new Rendering(root.toString(), turns, generations, generationsInPlace);
  }

  int line() {
    return line;
  }

  private Flow run(List<Stmt> body, Scope scope, int loopDepth) {
    for (var stmt : body) {
      line = stmt.line();
      budget.step();
      var flow = run(stmt, scope, loopDepth);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow run(Stmt stmt, Scope scope, int depth) {
    switch (stmt) {
      case Stmt.Text t -> write(t.text());
      case Stmt.Print p -> write(Python.str(expressions.eval(p.value(), scope)));
      case Stmt.If i -> {
        boolean holds = Python.truth(expressions.eval(i.test(), scope));
        return run(holds ? i.then() : i.otherwise(), scope, depth);
      }
      case Stmt.For f -> loop(f, expressions.eval(f.over(), scope), scope, depth + 1);
      case Stmt.Set s -> assign(s.target(), expressions.eval(s.value(), scope), scope);
      case Stmt.SetBlock s -> {
        var written = captured(s.body(), new Scope(scope), depth);
        assign(s.target(), filtered(s.filters(), written, scope), scope);
      }
      case Stmt.With w -> {
        var inner = new Scope(scope);
        w.assignments().forEach(a -> assign(a.target(), expressions.eval(a.value(), scope), inner));
        return run(w.body(), inner, depth);
      }
      case Stmt.Macro m -> scope.set(m.name(), macro(m, scope));
      case Stmt.CallBlock c -> {
        var callee = expressions.eval(c.call().callee(), scope);
        var given = expressions.arguments(c.call().given(), scope);
        var named = new java.util.LinkedHashMap<>(given.named());
        named.put("caller", macro(c.caller(), scope));
        write(Python.str(expressions.call(callee, new Arguments(given.positional(), named))));
      }
      case Stmt.FilterBlock f ->
          write(
              Python.str(
                  filtered(f.filters(), captured(f.body(), new Scope(scope), depth), scope)));
      case Stmt.Generation g -> {
        int start = out.length();
        run(g.body(), new Scope(scope), 0);
        generationsInPlace &= out == root;
        generations.add(new Rendering.Generation(current, start, out.length()));
      }
      case Stmt.Break b -> {
        return Flow.BREAK;
      }
      case Stmt.Continue c -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.NEXT;
  }

  private void loop(Stmt.For f, @Nullable Object over, Scope scope, int depth) {
    List<@Nullable Object> items = Python.items(over);
    budget.spend(items.size());
    if (f.filter() != null) {
      var kept = new ArrayList<@Nullable Object>();
      for (var item : items) {
        var inner = new Scope(scope);
        assign(f.target(), item, inner);
        if (Python.truth(expressions.eval(f.filter(), inner))) {
          kept.add(item);
        }
      }
      items = kept;
    }
    if (items.isEmpty()) {
      run(f.otherwise(), new Scope(scope), depth - 1);
      return;
    }
    Values.@Nullable Callable recursion =
        f.recursive()
            ? a -> capturing(() -> loop(f, a.require(0, "iterable"), scope, depth + 1))
            : null;
    var loop = new Loop(items, depth, recursion);
    for (int i = 0; i < items.size(); i++) {
      var item = items.get(i);
      loop.index = i;
      var inner = new Scope(scope);
      inner.set("loop", loop);
      assign(f.target(), item, inner);
      var turn = item == null ? null : tracked.get(item);
      int before = current;
      int start = out.length();
      current = turn == null ? current : turn;
      var flow = run(f.body(), inner, depth);
      current = before;
      if (turn != null && out == root && out.length() > start) {
        turns.add(new Rendering.Turn(turn, start, out.length()));
      }
      if (flow == Flow.BREAK) {
        break;
      }
    }
  }

  private Macro macro(Stmt.Macro m, Scope defined) {
    return new Macro(
        m.name(),
        arguments -> {
          var scope = new Scope(defined);
          for (int i = 0; i < m.parameters().size(); i++) {
            var p = m.parameters().get(i);
            if (arguments.has(i, p.name())) {
              scope.set(p.name(), arguments.get(i, p.name(), null));
            } else {
              var byDefault = p.byDefault();
              scope.set(
                  p.name(),
                  byDefault == null
                      ? new Values.Undefined("parameter '" + p.name() + "' was not provided")
                      : expressions.eval(byDefault, scope));
            }
          }
          scope.set("varargs", new Tuple(arguments.rest(m.parameters().size()).positional()));
          scope.set("kwargs", arguments.named());
          scope.set(
              "caller", arguments.named().getOrDefault("caller", Values.Undefined.name("caller")));
          int calledAt = line;
          var text = capturing(() -> run(m.body(), scope, 0));
          line = calledAt;
          return text;
        });
  }

  private String captured(List<Stmt> body, Scope scope, int depth) {
    return capturing(() -> run(body, scope, depth));
  }

  private String capturing(Runnable work) {
    var outer = out;
    out = new StringBuilder();
    try {
      work.run();
      return out.toString();
    } finally {
      out = outer;
    }
  }

  private @Nullable Object filtered(@Nullable Expr filters, String written, Scope scope) {
    if (filters == null) {
      return written;
    }
    var inner = new Scope(scope);
    inner.set(WRITTEN, written);
    return expressions.eval(filters, inner);
  }

  private void assign(Stmt.Target target, @Nullable Object value, Scope scope) {
    switch (target) {
      case Stmt.Target.Variable v -> scope.set(v.name(), value);
      case Stmt.Target.Unpacked u -> {
        var items = Python.items(value);
        if (items.size() != u.targets().size()) {
          throw new JinjaError(
              "%d values for %d names".formatted(items.size(), u.targets().size()));
        }
        for (int i = 0; i < items.size(); i++) {
          assign(u.targets().get(i), items.get(i), scope);
        }
      }
      case Stmt.Target.Field f -> {
        if (!(scope.get(f.namespace()) instanceof Namespace namespace)) {
          throw new JinjaError("fields can be set on namespaces only, not on " + f.namespace());
        }
        namespace.set(f.name(), value);
      }
    }
  }

  private void write(String text) {
    budget.room(
        (long) out.length() + text.length() > Budget.LONGEST_TEXT ? Long.MAX_VALUE : text.length());
    out.append(text);
  }
}
