package dev.lathe.serving.accounting;

import java.util.concurrent.atomic.AtomicLong;

/**
 * So many units a minute, refilled steadily: a token bucket of one minute's content, kept as the
 * one moment at which it will be full again (the generic cell rate algorithm, ITU-T I.371). Nobody
 * waits for a lock.
 */
final class Allowance {
  private static final long MINUTE = 60_000_000_000L;

  private final long perMinute;
  private final AtomicLong full;

  /**
   * @param now of {@link System#nanoTime}
   */
  Allowance(long perMinute, long now) {
    this.perMinute = perMinute;
    this.full = new AtomicLong(now);
  }

  long perMinute() {
    return perMinute;
  }

  /** Nanoseconds until there is enough; 0 when they were taken, -1 when there never will be. */
  long take(long units, long now) {
    if (units > perMinute) {
      return -1;
    }
    long cost = nanos(units);
    while (true) {
      long until = full.get();
      long from = until - now > 0 ? until : now;
      long wait = from + cost - now - MINUTE;
      if (wait > 0) {
        return wait;
      }
      if (full.compareAndSet(until, from + cost)) {
        return 0;
      }
    }
  }

  /** Takes more than was told before, or gives back; more than a minute's content may be owed. */
  void correct(long units) {
    full.addAndGet(units < 0 ? -nanos(-units) : nanos(units));
  }

  long remaining(long now) {
    long owed = Math.max(0, full.get() - now);
    return Math.max(0, perMinute - (long) Math.ceil((double) owed * perMinute / MINUTE));
  }

  /** Nanoseconds until it is full again. */
  long untilFull(long now) {
    return Math.max(0, full.get() - now);
  }

  private long nanos(long units) {
    return (long) Math.ceil((double) units * MINUTE / perMinute);
  }
}
