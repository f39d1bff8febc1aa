package dev.lathe.serving.accounting;

import dev.lathe.serving.wire.WireError;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A request at the door: whose it is, and what is held for it until its answer tells what it took.
 * One without a key is let in by {@link #FREE}.
 */
public final class Admission implements AutoCloseable {
  /** Nobody's account. */
  public static final Admission FREE = new Admission(null, Estimate.NONE, Map.of(), null);

  private final @Nullable KeyAccount account;
  private final Estimate estimate;
  private final Map<String, String> headers;
  private final @Nullable WireError refusal;
  private final AtomicBoolean open;
  private long held;
  private boolean settled;
  private boolean broke;

  Admission(KeyAccount account, Estimate estimate, Map<String, String> headers) {
    this(account, estimate, headers, null);
  }

  private Admission(
      @Nullable KeyAccount account,
      Estimate estimate,
      Map<String, String> headers,
      @Nullable WireError refusal) {
    this.account = account;
    this.estimate = estimate;
    this.headers = headers;
    this.refusal = refusal;
    this.open = new AtomicBoolean(account != null);
  }

  static Admission refused(Map<String, String> headers, WireError refusal) {
    return new Admission(null, Estimate.NONE, headers, refusal);
  }

  /** What the answer, or the refusal, tells of limits. */
  public Map<String, String> headers() {
    return headers;
  }

  /**
   * @throws WireError when the request was not let in
   */
  public void orThrow() {
    if (refusal != null) {
      throw refusal;
    }
  }

  /** The key's name; null without one. */
  public @Nullable String key() {
    return account == null ? null : account.name();
  }

  Estimate estimate() {
    return estimate;
  }

  boolean hasBudget() {
    return account != null && !account.budgets().isEmpty();
  }

  long held() {
    return held;
  }

  /**
   * Holds what the answer may cost, if that is more than before.
   *
   * @return whether it was
   * @throws WireError when it does not fit into a budget
   */
  boolean hold(long amount, Instant now) {
    broke = false;
    if (account == null || amount <= held) {
      return false;
    }
    try {
      account.hold(amount - held, now);
    } catch (WireError e) {
      throw broke(e);
    }
    held = amount;
    return true;
  }

  WireError broke(WireError why) {
    broke = held == 0;
    return why;
  }

  /** Whether no target was affordable so far, so that nobody was asked. */
  public boolean isBroke() {
    return broke;
  }

  /**
   * The answer ended.
   *
   * @param tokens it took
   * @param charged to the budgets, in picodollars
   */
  void settle(long tokens, long charged) {
    if (account != null && !settled) {
      settled = true;
      account.correct(tokens - estimate.tokens(), charged - held);
    }
  }

  /** The request is over; one that no target was found for took nothing. */
  @Override
  public void close() {
    if (account != null && open.compareAndSet(true, false)) {
      settle(0, 0);
      account.ended();
    }
  }
}
