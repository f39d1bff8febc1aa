package dev.lathe.serving.routing.health;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How every target that was asked fares. */
public final class Health {
  private static final double LATEST = 0.2; // the share of the newest in a moving mean

  private static final int MOST = 4096;

  private final Map<String, Kept> targets = new ConcurrentHashMap<>();
  private final BreakerSettings settings;
  private final LongSupplier nanos;

  /**
   * @param nanos a clock that never goes back, as {@link System#nanoTime}
   */
  public Health(BreakerSettings settings, LongSupplier nanos) {
    this.settings = settings;
    this.nanos = nanos;
  }

  private final class Kept {
    final Breaker breaker = new Breaker(settings, nanos);
    final AtomicInteger busy = new AtomicInteger();
    final AtomicLong asked = new AtomicLong();
    final AtomicLong failed = new AtomicLong();
    volatile double firstByteMs = Double.NaN;
  }

  /**
   * How one target fares.
   *
   * @param state {@code closed}, {@code open}, {@code half_open}, {@code cooling}
   * @param retryInSeconds until it is tried again; 0 when it may be now
   * @param firstByteMs a moving mean; null when it never answered
   */
  public record Told(
      String target,
      String state,
      double retryInSeconds,
      int busy,
      long asked,
      long failed,
      @Nullable Double firstByteMs) {}

  /** Leave to ask one target, given back by {@link #close} once it is told how it went. */
  public final class Leave implements AutoCloseable {
    private final Kept kept;
    private boolean told;

    private Leave(Kept kept) {
      this.kept = kept;
      kept.busy.incrementAndGet();
      kept.asked.incrementAndGet();
    }

    /**
     * @param firstByteMs from the asking to the answer's first byte
     */
    public void succeeded(double firstByteMs) {
      told = true;
      kept.breaker.succeeded();
      double before = kept.firstByteMs;
      kept.firstByteMs =
          Double.isNaN(before) ? firstByteMs : before + LATEST * (firstByteMs - before);
    }

    public void failed() {
      told = true;
      kept.failed.incrementAndGet();
      kept.breaker.failed();
    }

    public void cool(Duration pause) {
      told = true;
      kept.failed.incrementAndGet();
      kept.breaker.cool(pause);
    }

    @Override
    public void close() {
      kept.busy.decrementAndGet();
      if (!told) {
        kept.breaker.undecided();
      }
    }
  }

  /** Leave to ask; null when its breaker is open. */
  public @Nullable Leave ask(String target) {
    var kept = kept(target);
    return kept.breaker.admit() ? new Leave(kept) : null;
  }

  /** Whether a request would be let through. */
  public boolean ready(String target) {
    var kept = targets.get(target);
    return kept == null || kept.breaker.pause().isZero();
  }

  /** Until a request would be let through. */
  public Duration pause(String target) {
    var kept = targets.get(target);
    return kept == null ? Duration.ZERO : kept.breaker.pause();
  }

  public Breaker.State state(String target) {
    var kept = targets.get(target);
    return kept == null ? Breaker.State.CLOSED : kept.breaker.state();
  }

  /** NaN when it never answered. */
  public double firstByteMs(String target) {
    var kept = targets.get(target);
    return kept == null ? Double.NaN : kept.firstByteMs;
  }

  /** Requests that it works on. */
  public int busy(String target) {
    var kept = targets.get(target);
    return kept == null ? 0 : kept.busy.get();
  }

  /** Every target that was asked since the start. */
  public List<Told> told() {
    return new TreeMap<>(targets)
        .entrySet().stream()
            .map(
                e ->
                    new Told(
                        e.getKey(),
                        e.getValue().breaker.state().wire(),
                        e.getValue().breaker.pause().toMillis() / 1000.0,
                        e.getValue().busy.get(),
                        e.getValue().asked.get(),
                        e.getValue().failed.get(),
                        Double.isNaN(e.getValue().firstByteMs) ? null : e.getValue().firstByteMs))
            .toList();
  }

  /** Clients make names up: whatever is well and idle is forgotten before there are too many. */
  private Kept kept(String target) {
    var kept = targets.get(target);
    if (kept != null) {
      return kept;
    }
    if (targets.size() >= MOST) {
      targets
          .values()
          .removeIf(k -> k.busy.get() == 0 && k.breaker.state() == Breaker.State.CLOSED);
    }
    return targets.computeIfAbsent(target, t -> new Kept());
  }
}
