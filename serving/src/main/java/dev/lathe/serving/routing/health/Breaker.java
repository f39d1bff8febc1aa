package dev.lathe.serving.routing.health;

import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Keeps requests from a target that fails: closed, it counts failures; open, it lets none through
 * until it has cooled; then one request tries, and what becomes of it closes or opens it again.
 * Besides failures in a row it opens when half of the last thirty-two failed.
 */
public final class Breaker {
  private static final int WINDOW = 32;

  private final BreakerSettings settings;
  private final LongSupplier nanos;

  private int inRow;
  private int outcomes; // one bit an outcome, the latest lowest; 1 for a failure
  private int seen;
  private int opened; // times in a row, for the pause
  private boolean open;
  private boolean trying;
  private long until;
  private boolean cooling;

  /** How it stands. */
  public enum State {
    CLOSED,
    OPEN,
    HALF_OPEN,
    /** Told by the target itself to wait. */
    COOLING;

    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  Breaker(BreakerSettings settings, LongSupplier nanos) {
    this.settings = settings;
    this.nanos = nanos;
  }

  /** Takes leave to ask. Whoever gets it tells how it went: one of the four methods below. */
  public synchronized boolean admit() {
    switch (state()) {
      case CLOSED -> {
        return true;
      }
      case HALF_OPEN -> {
        if (trying) {
          return false;
        }
        trying = true;
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  /** It answered. */
  public synchronized void succeeded() {
    note(0);
    inRow = 0;
    opened = 0;
    open = false;
    trying = false;
  }

  /** It did not answer, and that is its own fault. */
  public synchronized void failed() {
    note(1);
    inRow++;
    boolean half = seen == WINDOW && Integer.bitCount(outcomes) * 2 >= WINDOW;
    if (trying || inRow >= settings.failures() || half) {
      long pause = settings.cool().toNanos() << Math.min(opened, 20);
      until = nanos.getAsLong() + Math.min(pause, settings.longest().toNanos());
      opened++;
      open = true;
      seen = 0;
      outcomes = 0;
    }
    trying = false;
  }

  /** It asks to be left alone for a while, as 429 does. */
  public synchronized void cool(Duration pause) {
    long most = Math.min(pause.toNanos(), Duration.ofMinutes(5).toNanos());
    until = Math.max(cooling ? until : Long.MIN_VALUE, nanos.getAsLong() + most);
    cooling = true;
    trying = false;
  }

  /** What happened says nothing of it: the client left, or its request was wrong. */
  public synchronized void undecided() {
    trying = false;
  }

  public synchronized State state() {
    boolean waits = nanos.getAsLong() - until < 0;
    if (cooling && !waits) {
      cooling = false;
    }
    if (cooling) {
      return State.COOLING;
    }
    return !open ? State.CLOSED : waits ? State.OPEN : State.HALF_OPEN;
  }

  /** Until a request may be tried; zero when one may be now. */
  public synchronized Duration pause() {
    var state = state();
    return state == State.OPEN || state == State.COOLING
        ? Duration.ofNanos(Math.max(1, until - nanos.getAsLong()))
        : Duration.ZERO;
  }

  private void note(int failure) {
    outcomes = outcomes << 1 | failure;
    seen = Math.min(WINDOW, seen + 1);
  }
}
