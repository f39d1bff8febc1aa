package dev.lathe.pipelines.jobs;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;

/**
 * How many runs train at once. One by default: two on one machine's cores take longer than one
 * after the other. Those that wait are let in by age.
 */
final class FinetuneSlots {
  private static final long LOOK_MILLIS = 100;

  private final int limit;
  private final Deque<Object> waiting = new ArrayDeque<>();
  private int taken;

  FinetuneSlots(int limit) {
    this.limit = limit;
  }

  /** Waits for a place; false when {@code cancelled} became true first. */
  synchronized boolean enter(BooleanSupplier cancelled) throws InterruptedException {
    var me = new Object();
    waiting.addLast(me);
    try {
      while (!cancelled.getAsBoolean()) {
        if (taken < limit && waiting.peekFirst() == me) {
          taken++;
          return true;
        }
        wait(LOOK_MILLIS);
      }
      return false;
    } finally {
      waiting.remove(me);
    }
  }

  /** Takes a place for a run that trains already, even one too many. */
  synchronized void enterNow() {
    taken++;
  }

  synchronized void leave() {
    taken--;
    notifyAll();
  }
}
