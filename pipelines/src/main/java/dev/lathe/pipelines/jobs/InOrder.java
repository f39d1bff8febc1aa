package dev.lathe.pipelines.jobs;

import java.util.ArrayDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Work done on many threads whose results come out in the order of its inputs, a bounded number
 * ahead. Inputs are drawn on the thread that asks for results.
 */
final class InOrder<A, B> {
  private final ExecutorService threads;
  private final int ahead;
  private final Supplier<@Nullable A> inputs;
  private final Function<A, B> work;
  private final ArrayDeque<Future<B>> running = new ArrayDeque<>();
  private boolean drained;

  /**
   * @param inputs null at the end
   */
  InOrder(ExecutorService threads, int ahead, Supplier<@Nullable A> inputs, Function<A, B> work) {
    this.threads = threads;
    this.ahead = ahead;
    this.inputs = inputs;
    this.work = work;
  }

  /** The next result, or null at the end. */
  @Nullable B next() {
    while (!drained && running.size() < ahead) {
      var input = inputs.get();
      if (input == null) {
        drained = true;
      } else {
        running.add(threads.submit(() -> work.apply(input)));
      }
    }
    var first = running.poll();
    if (first == null) {
      return null;
    }
    try {
      return first.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the build was interrupted", e);
    }
  }
}
