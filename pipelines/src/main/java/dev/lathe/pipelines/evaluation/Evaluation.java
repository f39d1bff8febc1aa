package dev.lathe.pipelines.evaluation;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation found.
 *
 * @param loss mean over the labelled tokens, in nats
 * @param perplexity exp(loss)
 * @param tokenAccuracy share of them that the model ranks first
 * @param tokens labelled ones
 * @param conversations that have some
 * @param precision of the losses
 * @param slices by what they are told apart by
 * @param worst the worst first
 * @param answers null where none were asked for
 */
public record Evaluation(
    double loss,
    double perplexity,
    double tokenAccuracy,
    long tokens,
    long conversations,
    String precision,
    Map<String, List<Slice>> slices,
    List<WorstExample> worst,
    @Nullable AnswersTold answers) {}
