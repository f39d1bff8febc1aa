package dev.lathe.serving.accounting;

import dev.lathe.serving.settings.Budget;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of a budget is used, in picodollars: what the log's table says, and what is not in it
 * yet. A request is let in when what is held for it fits into what is left, so requests at one time
 * can exceed a budget only by what their answers cost beyond what was held.
 */
final class Spending {
  private final Budget budget;
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong unwritten = new AtomicLong();
  private volatile Instant end = Instant.MIN;

  Spending(Budget budget) {
    this.budget = budget;
  }

  Budget budget() {
    return budget;
  }

  /** Whether another period has begun since the last {@link #read}. */
  boolean isOver(Instant now) {
    return !now.isBefore(end);
  }

  /** What the table says of this period; nothing may be written into it meanwhile. */
  void read(long picodollars, Instant now) {
    written.set(picodollars);
    end = budget.period().end(now);
  }

  boolean hold(long amount) {
    while (true) {
      long before = unwritten.get();
      if (before + written.get() + amount > budget.limit()) {
        return false;
      }
      if (unwritten.compareAndSet(before, before + amount)) {
        return true;
      }
    }
  }

  /** The answer came, or did not: {@code by} more than was held. */
  void correct(long by) {
    unwritten.addAndGet(by);
  }

  /** The table has it now. */
  void written(long amount) {
    written.addAndGet(amount);
    unwritten.addAndGet(-amount);
  }

  long used() {
    return written.get() + unwritten.get();
  }

  Duration untilNext(Instant now) {
    return budget.period() == Budget.Period.TOTAL
        ? Duration.ZERO
        : Duration.between(now, budget.period().end(now));
  }
}
