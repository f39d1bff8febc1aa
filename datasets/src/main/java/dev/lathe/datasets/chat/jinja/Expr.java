package dev.lathe.datasets.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression of a template. */
sealed interface Expr {
  record Constant(@Nullable Object value) implements Expr {}

  record Name(String name) implements Expr {}

  record ListOf(List<Expr> items) implements Expr {}

  record TupleOf(List<Expr> items) implements Expr {}

  record DictOf(List<Entry> entries) implements Expr {}

  record Attribute(Expr of, String name) implements Expr {}

  record Item(Expr of, Expr key) implements Expr {}

  record Slice(Expr of, @Nullable Expr start, @Nullable Expr stop, @Nullable Expr step)
      implements Expr {}

  record Invoke(Expr callee, Given given) implements Expr {}

  /** {@code of} is null in a filter block: what the block wrote. */
  record Filter(@Nullable Expr of, String name, Given given) implements Expr {}

  record Test(Expr of, String name, Given given) implements Expr {}

  record Not(Expr of) implements Expr {}

  record Sign(boolean negative, Expr of) implements Expr {}

  record Binary(String operator, Expr left, Expr right) implements Expr {}

  record And(Expr left, Expr right) implements Expr {}

  record Or(Expr left, Expr right) implements Expr {}

  /** {@code a < b < c}, as Python chains it. */
  record Compare(Expr first, List<Comparison> rest) implements Expr {}

  record Concat(List<Expr> parts) implements Expr {}

  record Conditional(Expr test, Expr then, @Nullable Expr otherwise) implements Expr {}

  record Entry(Expr key, Expr value) {}

  record Comparison(String operator, Expr right) {}

  record Named(String name, Expr value) {}

  /** Arguments as written. {@code unpacked} are those behind {@code *} and {@code **}. */
  record Given(
      List<Expr> positional,
      List<Named> named,
      @Nullable Expr unpacked,
      @Nullable Expr unpackedNamed) {
    static final Given NONE = new Given(List.of(), List.of(), null, null);
  }
}
