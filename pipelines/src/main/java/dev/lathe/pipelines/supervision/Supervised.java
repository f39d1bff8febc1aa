package dev.lathe.pipelines.supervision;

import dev.lathe.registry.runs.RunState;
import org.jspecify.annotations.Nullable;

/**
 * What the supervisor of a run saw that no journal can tell: supervision.json, one an attempt.
 *
 * @param afterSeq the journal's last record when the process was started; what it says of an end is
 *     of an earlier attempt
 * @param process the one that was started; null while the run waits for its turn
 * @param peakRssMiB the most resident memory its process tree had, over all attempts
 * @param exitStatus of the process, if it ended and was this supervisor's child
 * @param verdict how the attempt ended when the journal does not say so
 * @param error what happened and what to do, for a failed one
 */
public record Supervised(
    long afterSeq,
    @Nullable ProcessIdentity process,
    long peakRssMiB,
    @Nullable Integer exitStatus,
    @Nullable RunState verdict,
    @Nullable String error) {

  public Supervised with(long peakRssMiB) {
    return new Supervised(afterSeq, process, peakRssMiB, exitStatus, verdict, error);
  }

  public Supervised with(
      @Nullable Integer exitStatus, @Nullable RunState verdict, @Nullable String error) {
    return new Supervised(afterSeq, process, peakRssMiB, exitStatus, verdict, error);
  }
}
