package dev.lathe.registry.runs;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run as {@code runs show --json} prints it.
 *
 * @param step the last optimizer step done
 * @param steps planned; null before the run started
 * @param tokens non-padding tokens trained on so far; labelTokens those with a label
 * @param seconds from the first to the last optimizer step
 * @param loss of the last step; evalLoss of the last validation; evalLossBefore of the one at step
 *     0
 * @param peakRssMiB of the process tree
 * @param version the model version it became; null until there is one
 * @param estimate what it was expected to take, as the run told before its first step; null before,
 *     and in listings
 * @param samples what it answered while it was trained, newest last; none in listings
 * @param figures the last rewards of a run that learns preferences, and the last validation losses
 *     of a mixture's parts, by their curves' names; empty in a listing
 * @param exact whether a resume kept to bit-for-bit equality
 * @param sweep the sweep that it is a trial of; null for a run of its own
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record RunView(
    String id,
    RunState state,
    String base,
    String dataset,
    String model,
    long step,
    @Nullable Long steps,
    long tokens,
    long labelTokens,
    double seconds,
    @Nullable Double tokensPerSecond,
    @Nullable Double loss,
    @Nullable Double evalLoss,
    @Nullable Double evalLossBefore,
    @Nullable Long peakRssMiB,
    List<CheckpointView> checkpoints,
    @Nullable String version,
    @Nullable String error,
    @Nullable String adapterSha256,
    boolean exact,
    Instant createdAt,
    @Nullable String sweep,
    Map<String, Object> recipe,
    @Nullable Map<String, Object> estimate,
    List<SampleView> samples,
    Map<String, Double> figures) {

  /** A checkpoint that the run wrote. */
  public record CheckpointView(long step, long bytes) {}

  /** An answer of the adapter after a step. */
  public record SampleView(long step, String prompt, String answer) {}

  /** The same run with what only its events and curves tell. */
  RunView with(
      @Nullable Map<String, Object> told, List<SampleView> answers, Map<String, Double> rewards) {
    return with(checkpoints, told, answers, rewards);
  }

  /** The same run with those of its checkpoints that pass. */
  public RunView withCheckpoints(List<CheckpointView> kept) {
    return with(kept, estimate, samples, figures);
  }

  private RunView with(
      List<CheckpointView> kept,
      @Nullable Map<String, Object> told,
      List<SampleView> answers,
      Map<String, Double> rewards) {
    return new RunView(
        id,
        state,
        base,
        dataset,
        model,
        step,
        steps,
        tokens,
        labelTokens,
        seconds,
        tokensPerSecond,
        loss,
        evalLoss,
        evalLossBefore,
        peakRssMiB,
        kept,
        version,
        error,
        adapterSha256,
        exact,
        createdAt,
        sweep,
        recipe,
        told,
        answers,
        rewards);
  }
}
