package dev.lathe.pipelines.jobs;

import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A value, or why there is none. */
record Found<T>(@Nullable T value, @Nullable String problem) {
  static <T> Found<T> of(Supplier<T> work) {
    try {
      return new Found<>(work.get(), null);
    } catch (RuntimeException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      return new Found<>(null, e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  <U> Found<U> then(Function<T, U> work) {
    return Found.of(() -> work.apply(get()));
  }

  boolean there() {
    return value != null;
  }

  boolean is(Function<T, Boolean> test) {
    return value != null && test.apply(value);
  }

  void ifThere(Consumer<T> use) {
    if (value != null) {
      use.accept(value);
    }
  }

  T orElse(T other) {
    return value != null ? value : other;
  }

  T or(Function<String, T> otherwise) {
    return value != null ? value : otherwise.apply(String.valueOf(problem));
  }

  T get() {
    if (value == null) {
      throw new Missing(String.valueOf(problem));
    }
    return value;
  }

  /** What was to be used could not be had; the reason is its message. */
  private static final class Missing extends RuntimeException {
    private static final long serialVersionUID = 1;

    Missing(String reason) {
      super(reason);
    }
  }
}
