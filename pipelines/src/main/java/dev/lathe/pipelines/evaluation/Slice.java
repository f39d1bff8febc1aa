package dev.lathe.pipelines.evaluation;

/**
 * Conversations that have something in common, measured as the whole is.
 *
 * @param tokens labelled ones
 * @param loss mean over them, in nats
 * @param perplexity exp(loss)
 * @param tokenAccuracy share of them that the model ranks first
 */
public record Slice(
    String name,
    long conversations,
    long tokens,
    double loss,
    double perplexity,
    double tokenAccuracy) {}
