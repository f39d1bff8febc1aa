package dev.lathe.serving.providers.llama;

import java.io.IOException;

/** Ends this process when the one that started it is gone: an engine outlives no owner. */
final class ParentWatch {
  private static final long CLOCK_TOLERANCE_MILLIS = 2_000;

  private ParentWatch() {}

  /**
   * @param startedAt epoch milliseconds; a later process with the same number is another one
   */
  static void start(long pid, long startedAt) {
    Thread.ofPlatform().daemon().name("parent's pipe").start(ParentWatch::untilPipeCloses);
    Thread.ofPlatform().daemon().name("parent").start(() -> whileAlive(pid, startedAt));
  }

  /** Nothing is ever written to standard input; it ends when the parent does, however it ends. */
  private static void untilPipeCloses() {
    try {
      while (System.in.read() >= 0) {
        // goes on
      }
    } catch (IOException e) {
      // as good as closed
    }
    Runtime.getRuntime().halt(0);
  }

  private static void whileAlive(long pid, long startedAt) {
    while (alive(pid, startedAt)) {
      try {
        Thread.sleep(1_000);
      } catch (InterruptedException e) {
        break;
      }
    }
    Runtime.getRuntime().halt(0);
  }

  private static boolean alive(long pid, long startedAt) {
    var handle = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
    return handle.isPresent()
        && handle
            .get()
            .info()
            .startInstant()
            .map(i -> Math.abs(i.toEpochMilli() - startedAt) <= CLOCK_TOLERANCE_MILLIS)
            .orElse(true);
  }
}
