package dev.lathe.serving.accounting;

import dev.lathe.serving.settings.Price;
import java.math.BigDecimal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A request that a target was found for, and how it ended. Nothing of what was said stands in it.
 *
 * @param id the answer's
 * @param asked the model as the client named it
 * @param target what answered: {@code support@3}, a base, {@code provider:model}
 * @param alias the alias that led to the version
 * @param version {@code name@number}; null unless a registered model answered
 * @param run the training run it came from
 * @param experiment whose arm was chosen
 * @param subject a hash of whom was asked for
 * @param status as in HTTP; 200 with an error when the stream broke off after its first byte, 499
 *     when the client left
 * @param firstByteMs until the first byte went to the client
 * @param latencyMs until the last
 * @param cachedTokens how many of the prompt's the provider had in its cache
 * @param cost in USD; null when nobody knows
 * @param provider whose model it is; null for a local one
 * @param key the name of the client's; null without one
 * @param held what the key's budget counts where the cost is unknown
 */
public record RequestRow(
    String id,
    Instant at,
    String asked,
    String target,
    @Nullable String alias,
    @Nullable String version,
    @Nullable String run,
    @Nullable String dataset,
    @Nullable String base,
    @Nullable String experiment,
    @Nullable Integer phase,
    @Nullable Integer arm,
    @Nullable String subject,
    boolean streamed,
    int status,
    @Nullable String error,
    @Nullable Double firstByteMs,
    double latencyMs,
    @Nullable Integer promptTokens,
    @Nullable Integer completionTokens,
    @Nullable Integer cachedTokens,
    @Nullable BigDecimal cost,
    @Nullable String provider,
    @Nullable String key,
    @Nullable BigDecimal held) {

  /** The same with what it cost, and on whose key. */
  RequestRow booked(@Nullable String name, @Nullable BigDecimal usd, @Nullable BigDecimal kept) {
    return new RequestRow(
        id,
        at,
        asked,
        target,
        alias,
        version,
        run,
        dataset,
        base,
        experiment,
        phase,
        arm,
        subject,
        streamed,
        status,
        error,
        firstByteMs,
        latencyMs,
        promptTokens,
        completionTokens,
        cachedTokens,
        usd,
        provider,
        name,
        kept);
  }

  /** What budgets count, in picodollars. */
  long charged() {
    return cost != null ? Price.picodollars(cost) : held == null ? 0 : Price.picodollars(held);
  }
}
