package dev.lathe.serving.accounting;

import dev.lathe.serving.settings.ClientKey;
import dev.lathe.serving.settings.Price;
import dev.lathe.serving.wire.WireError;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a key's bearer uses just now, held against what it allows. */
public final class KeyAccount {
  private final ClientKey key;
  private final @Nullable Allowance requests;
  private final @Nullable Allowance tokens;
  private final AtomicInteger underWay = new AtomicInteger();
  private final List<Spending> budgets;

  KeyAccount(ClientKey key) {
    long now = System.nanoTime();
    this.key = key;
    this.requests =
        key.requestsPerMinute() == 0 ? null : new Allowance(key.requestsPerMinute(), now);
    this.tokens = key.tokensPerMinute() == 0 ? null : new Allowance(key.tokensPerMinute(), now);
    this.budgets = key.budgets().stream().map(Spending::new).toList();
  }

  public String name() {
    return key.name();
  }

  /** Whether the key's bearer may ask for a model of that name. */
  public boolean allows(String model) {
    return key.allows(model);
  }

  List<Spending> budgets() {
    return budgets;
  }

  /** Requests that were let in and have not ended. */
  public int underWay() {
    return underWay.get();
  }

  /**
   * Lets a request in, or says why not; either way its headers tell how the limits stand. What was
   * let in must be closed.
   *
   * @param estimate asked for only where something depends on it
   */
  public Admission admit(String model, Supplier<Estimate> estimate) {
    if (!key.allows(model)) {
      return Admission.refused(
          Map.of(),
          new WireError(
              403,
              "invalid_request_error",
              "model",
              "model_not_found",
              "The key '%s' may not use the model '%s'. It may use: %s. Ask for one of these, or add it to the key's models in lathe.yaml."
                  .formatted(name(), model, String.join(", ", words(key.models()))),
              null));
    }
    if (underWay.incrementAndGet() > key.concurrency() && key.concurrency() > 0) {
      underWay.decrementAndGet();
      return Admission.refused(
          headers(),
          tooMany(
              "requests",
              "%d requests at one time".formatted(key.concurrency()),
              "Wait for one of them to end",
              Duration.ofSeconds(1)));
    }
    var expected = tokens == null && budgets.isEmpty() ? Estimate.NONE : estimate.get();
    var refusal = tookBoth(expected);
    if (refusal != null) {
      underWay.decrementAndGet();
      return Admission.refused(headers(), refusal);
    }
    return new Admission(this, expected, headers());
  }

  private @Nullable WireError tookBoth(Estimate expected) {
    long now = System.nanoTime();
    if (requests != null) {
      long wait = requests.take(1, now);
      if (wait != 0) {
        return tooMany(
            "requests",
            "%d requests a minute".formatted(key.requestsPerMinute()),
            "Ask again later",
            Duration.ofNanos(wait));
      }
    }
    if (tokens == null) {
      return null;
    }
    long wait = tokens.take(expected.tokens(), now);
    if (wait != 0 && requests != null) {
      requests.correct(-1);
    }
    if (wait < 0) {
      return new WireError(
          429,
          "tokens",
          null,
          "rate_limit_exceeded",
          "Request too large for the key '%s': its limit is %d tokens a minute, and this one may take %d. Send less, or set max_completion_tokens."
              .formatted(name(), key.tokensPerMinute(), expected.tokens()),
          null);
    }
    return wait == 0
        ? null
        : tooMany(
            "tokens",
            "%d tokens a minute (this request may take %d)"
                .formatted(key.tokensPerMinute(), expected.tokens()),
            "Ask again later",
            Duration.ofNanos(wait));
  }

  private WireError tooMany(String type, String limit, String remedy, Duration wait) {
    return new WireError(
        429,
        type,
        null,
        "rate_limit_exceeded",
        "Rate limit reached for the key '%s': %s. %s (in %s)."
            .formatted(name(), limit, remedy, RateHeaders.span(wait)),
        RateHeaders.seconds(wait));
  }

  /** Holds what an answer may cost, in every budget or in none. */
  void hold(long amount, Instant now) {
    for (int i = 0; i < budgets.size(); i++) {
      if (!budgets.get(i).hold(amount)) {
        for (int j = 0; j < i; j++) {
          budgets.get(j).correct(-amount);
        }
        throw exhausted(budgets.get(i), amount, now);
      }
    }
  }

  private WireError exhausted(Spending spending, long amount, Instant now) {
    var wait = spending.untilNext(now);
    return new WireError(
        429,
        "insufficient_quota",
        null,
        "insufficient_quota",
        "You exceeded your current quota: the key '%s' has a budget of %s USD %s, %s are used, and this request may cost %s. %s"
            .formatted(
                name(),
                plain(spending.budget().limit()),
                switch (spending.budget().period()) {
                  case DAY -> "a day";
                  case MONTH -> "a month";
                  case TOTAL -> "in all";
                },
                plain(spending.used()),
                plain(amount),
                wait.isZero()
                    ? "Raise it in lathe.yaml."
                    : "Raise it in lathe.yaml, or wait for the next one (in "
                        + RateHeaders.span(wait)
                        + ")."),
        wait.isZero() ? null : RateHeaders.seconds(wait));
  }

  private static String plain(long picodollars) {
    var usd = Price.usd(picodollars).stripTrailingZeros();
    return usd.scale() < 0 ? usd.setScale(0).toPlainString() : usd.toPlainString();
  }

  void correct(long tokensMore, long spentMore) {
    if (tokens != null && tokensMore != 0) {
      tokens.correct(tokensMore);
    }
    if (spentMore != 0) {
      budgets.forEach(b -> b.correct(spentMore));
    }
  }

  void ended() {
    underWay.decrementAndGet();
  }

  private Map<String, String> headers() {
    var headers = new LinkedHashMap<String, String>();
    long now = System.nanoTime();
    RateHeaders.put(headers, "requests", requests, now);
    RateHeaders.put(headers, "tokens", tokens, now);
    return headers;
  }

  private static List<String> words(List<?> globs) {
    return globs.stream().map(String::valueOf).toList();
  }
}
