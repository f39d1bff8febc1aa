package dev.lathe.serving.accounting;

import dev.lathe.serving.settings.Price;
import dev.lathe.serving.wire.WireError;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Books requests: holds in a key's budgets what an answer may cost before it is asked for, prices
 * it when it has ended, and hands it to the log.
 */
public final class Ledger {
  /** What is held for a target that is paid by time. */
  private static final double ASSUMED_MS = 60_000;

  private static final int CLIENT_LEFT = 499;
  private static final int TIMED_OUT = 504;

  private final RequestLog log;
  private final Prices prices;
  private final Keyring keys;
  private final Holds holds;
  private final Clock clock;
  private final @Nullable Duration reread;
  private final List<Observer> observers;
  private Instant readAt = Instant.EPOCH;

  /**
   * Reads what the keys have spent so far.
   *
   * @param reread how often that is read again, where other servers write into the same table; null
   *     where none does
   * @param observers are told of every request
   */
  public Ledger(
      RequestLog log,
      Prices prices,
      Keyring keys,
      Holds holds,
      Clock clock,
      @Nullable Duration reread,
      List<Observer> observers) {
    this.observers = List.copyOf(observers);
    this.log = log;
    this.prices = prices;
    this.keys = keys;
    this.holds = holds;
    this.clock = clock;
    this.reread = reread;
    if (keys.accounts().stream().anyMatch(k -> !k.budgets().isEmpty())) {
      log.listen(new Books());
      log.still(this::readBudgets);
    }
  }

  /** A request is about to be asked of somebody. */
  public void begin(RequestRow row) {
    log.begin(row);
    for (var observer : observers) {
      observer.began(row);
    }
  }

  /** Somebody was not let in. */
  public void refused(String why) {
    for (var observer : observers) {
      observer.refused(why);
    }
  }

  /**
   * Holds what a target may cost; once more where another is asked after it, which may cost more.
   *
   * @throws WireError when the key's budget does not bear it
   */
  public void hold(RequestRow row, Admission admission) {
    if (!admission.hasBudget()) {
      return;
    }
    var price = prices.of(row.target(), row.provider());
    if (price == null) {
      throw admission.broke(
          new WireError(
              403,
              "invalid_request_error",
              "model",
              "price_unknown",
              "Nobody knows what '%s' costs, so a key with a budget cannot use it. Add it to 'prices' in lathe.yaml."
                  .formatted(row.target()),
              null));
    }
    var estimate = admission.estimate();
    long amount = price.of(estimate.prompt(), 0, estimate.output(), ASSUMED_MS);
    boolean first = admission.held() == 0;
    if (admission.hold(amount, clock.instant())) {
      if (first) {
        holds.put(row, admission);
      } else {
        holds.raise(row, admission);
      }
    }
  }

  /**
   * It ended, one way or another.
   *
   * @param addedMs as observers want it
   */
  public void record(RequestRow row, Admission admission, @Nullable Double addedMs) {
    if (admission.isBroke()) {
      log.forget(row); // nobody was asked
      refused("budget");
      for (var observer : observers) {
        observer.left(row);
      }
      return;
    }
    var price = prices.of(row.target(), row.provider());
    Long cost =
        row.cost() != null ? Long.valueOf(row.charged()) : price == null ? null : cost(row, price);
    long charged = cost != null ? cost : admission.held();
    var booked =
        row.booked(
            admission.key(),
            cost == null ? null : Price.usd(cost),
            cost != null || admission.held() == 0 ? null : Price.usd(admission.held()));
    admission.settle(tokens(row, admission), admission.hasBudget() ? charged : 0);
    log.record(booked);
    for (var observer : observers) {
      observer.ended(booked, addedMs);
    }
  }

  /** In picodollars; null when the answer did not say what it used. */
  private static @Nullable Long cost(RequestRow row, Price price) {
    if (row.promptTokens() == null && row.completionTokens() == null) {
      return price.isFree() || !mayBePaid(row) ? Long.valueOf(0) : null;
    }
    return price.of(
        orNone(row.promptTokens()),
        orNone(row.cachedTokens()),
        orNone(row.completionTokens()),
        row.latencyMs());
  }

  /** Something came, or was on its way when the client left or we gave up. */
  private static boolean mayBePaid(RequestRow row) {
    return row.firstByteMs() != null || row.status() == CLIENT_LEFT || row.status() == TIMED_OUT;
  }

  private static long tokens(RequestRow row, Admission admission) {
    if (row.promptTokens() == null && row.completionTokens() == null) {
      return mayBePaid(row) ? admission.estimate().tokens() : 0;
    }
    return orNone(row.promptTokens()) + orNone(row.completionTokens());
  }

  private static long orNone(@Nullable Integer n) {
    return n == null ? 0 : n;
  }

  private void readBudgets() {
    var now = clock.instant();
    for (var account : keys.accounts()) {
      for (var budget : account.budgets()) {
        budget.read(holds.spent(account.name(), budget.budget().period().start(now)), now);
      }
    }
    readAt = now;
  }

  /** Moves what the table has from one side of the budgets to the other. */
  private final class Books implements RequestLog.Listener {
    @Override
    public void written(List<RequestRow> rows) {
      for (var row : rows) {
        var account = row.key() == null ? null : keys.named(row.key());
        if (account != null) {
          long charged = row.charged();
          account.budgets().forEach(b -> b.written(charged));
        }
      }
    }

    @Override
    public void tick() {
      var now = clock.instant();
      boolean over =
          keys.accounts().stream().flatMap(k -> k.budgets().stream()).anyMatch(b -> b.isOver(now));
      if (over || reread != null && !now.isBefore(readAt.plus(reread))) {
        readBudgets();
      }
    }
  }
}
