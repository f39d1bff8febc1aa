package dev.lathe.serving.accounting;

import org.jspecify.annotations.Nullable;

/**
 * Who watches requests: metrics, traces. It is told on the request's own thread, so it neither
 * waits nor throws.
 */
public interface Observer {
  /** A request set out for a target. */
  default void began(RequestRow row) {}

  /** Nobody was asked after all: it counts for nothing. */
  default void left(RequestRow row) {}

  /**
   * It ended, one way or another.
   *
   * @param addedMs of its time to the first byte, what was spent here and not waiting for the
   *     target; null when no byte came
   */
  default void ended(RequestRow row, @Nullable Double addedMs) {}

  /**
   * One was not let in.
   *
   * @param why a word of ours, one of a few
   */
  default void refused(String why) {}
}
