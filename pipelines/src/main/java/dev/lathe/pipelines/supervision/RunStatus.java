package dev.lathe.pipelines.supervision;

import dev.lathe.registry.runs.RunFold;
import dev.lathe.registry.runs.RunState;
import org.jspecify.annotations.Nullable;

/**
 * Where a run stands, derived from its directory alone: what its journal says, what its supervisor
 * wrote down, and whether its process lives.
 *
 * @param error for a failed run, what happened and what to do
 */
public record RunStatus(RunState state, @Nullable String error) {
  /**
   * @param journal what the journal says so far
   */
  public static RunStatus of(RunDirectory run, RunFold journal) {
    var supervised = run.supervised().orElse(null);
    boolean endedNow =
        journal.endedLast() && (supervised == null || journal.endedSeq() > supervised.afterSeq());
    var said = journal.endedState();
    if (endedNow && said != null) {
      return new RunStatus(said, journal.endedError());
    }
    if (run.alive()) {
      return new RunStatus(RunState.RUNNING, null);
    }
    if (supervised != null && supervised.verdict() != null) {
      return new RunStatus(supervised.verdict(), supervised.error());
    }
    if (supervised == null ? run.process().isEmpty() : supervised.process() == null) {
      return new RunStatus(RunState.QUEUED, null);
    }
    return new RunStatus(RunState.FAILED, Death.of(run, null));
  }
}
