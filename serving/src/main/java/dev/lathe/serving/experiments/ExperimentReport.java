package dev.lathe.serving.experiments;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What can be said of an experiment by now.
 *
 * @param phase the one that is told
 * @param phases how many there are
 * @param phaseStartedAt when the weights took effect
 * @param level what the intervals hold with, all of them and all the time together: 0.95
 * @param difference of the arm with the highest mean among all but the first, to the first
 * @param differences of each arm but the first to the first
 * @param pValue of that difference
 * @param verdict in words
 */
public record ExperimentReport(
    String id,
    ExperimentState state,
    int phase,
    int phases,
    Instant startedAt,
    Instant phaseStartedAt,
    @Nullable Instant endedAt,
    double level,
    List<ArmReport> arms,
    Difference difference,
    List<Difference> differences,
    double pValue,
    SampleRatio sampleRatio,
    String verdict) {

  /**
   * One arm.
   *
   * @param subjects who were answered by it
   * @param exposures requests it was asked to answer
   * @param feedback answers of it that somebody spoke of
   * @param raters subjects who did
   * @param mean reward, each rater counting once; null without feedback
   * @param errors requests that failed or broke off
   * @param cost of its answers in the currency of the prices; null when any is unknown
   */
  public record ArmReport(
      String target,
      double weight,
      long subjects,
      long exposures,
      long feedback,
      long raters,
      @Nullable Double mean,
      Latency latencyMs,
      long errors,
      @Nullable Double cost) {}

  /** Milliseconds from request to the end of the answer, of answers that came; null without. */
  public record Latency(@Nullable Double p50, @Nullable Double p95) {}

  /**
   * How much better than the first arm, in rewards.
   *
   * @param target of the arm that is compared
   * @param mean null as long as one of the two has no feedback
   * @param low of the always-valid interval
   * @param pValue always valid, and corrected for the number of arms
   */
  public record Difference(
      String target, @Nullable Double mean, double low, double high, double pValue) {}
}
