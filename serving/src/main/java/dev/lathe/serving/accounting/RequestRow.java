package dev.lathe.serving.accounting;

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
    @Nullable Double cost) {}
