package dev.lathe.pipelines.training;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Writing that goes on beside the training, on a thread of its own: one thing after the other in
 * the order asked for, and never two of the same kind in flight. What went wrong there is thrown
 * here, at the next question.
 */
final class Beside implements AutoCloseable {
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("checkpoints").daemon().factory());

  /** One kind of thing that is written. */
  final class Lane {
    private @Nullable Future<?> last;

    /** Waits until the last one is written. */
    void settle() {
      var waiting = last;
      last = null;
      if (waiting != null) {
        await(waiting);
      }
    }

    /** Throws what the last one failed with; returns at once. */
    void check() {
      if (last != null && last.isDone()) {
        settle();
      }
    }

    /** Waits for the last one, then has this one written; returns at once. */
    void write(Runnable writing) {
      settle();
      last = thread.submit(writing);
    }
  }

  private static void await(Future<?> waiting) {
    try {
      waiting.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a checkpoint is written", e);
    }
  }

  /** Waits for what is still being written. */
  @Override
  public void close() {
    thread.close();
  }
}
