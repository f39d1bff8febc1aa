package dev.lathe.datasets.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement of a template, with the line that it stands on, from 1. */
sealed interface Stmt {
  int line();

  record Text(int line, String text) implements Stmt {}

  record Print(int line, Expr value) implements Stmt {}

  record If(int line, Expr test, List<Stmt> then, List<Stmt> otherwise) implements Stmt {}

  record For(
      int line,
      Target target,
      Expr over,
      @Nullable Expr filter,
      boolean recursive,
      List<Stmt> body,
      List<Stmt> otherwise)
      implements Stmt {}

  record Set(int line, Target target, Expr value) implements Stmt {}

  /** What the body writes, through {@code filters}, becomes a value. */
  record SetBlock(int line, Target target, @Nullable Expr filters, List<Stmt> body)
      implements Stmt {}

  record With(int line, List<Set> assignments, List<Stmt> body) implements Stmt {}

  record Macro(int line, String name, List<Parameter> parameters, List<Stmt> body)
      implements Stmt {}

  record CallBlock(int line, Expr.Invoke call, Macro caller) implements Stmt {}

  record FilterBlock(int line, Expr filters, List<Stmt> body) implements Stmt {}

  /** What the assistant is to learn, in Hugging Face's extension. */
  record Generation(int line, List<Stmt> body) implements Stmt {}

  record Break(int line) implements Stmt {}

  record Continue(int line) implements Stmt {}

  record Parameter(String name, @Nullable Expr byDefault) {}

  /** What is assigned to. */
  sealed interface Target {
    record Variable(String name) implements Target {}

    record Unpacked(List<Target> targets) implements Target {}

    record Field(String namespace, String name) implements Target {}
  }
}
