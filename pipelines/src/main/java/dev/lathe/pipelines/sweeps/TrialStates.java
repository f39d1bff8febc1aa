package dev.lathe.pipelines.sweeps;

import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunState;
import org.jspecify.annotations.Nullable;

/** Where trials stand, and whether another attempt could change it. */
final class TrialStates {
  private final RunRegistry registry;

  TrialStates(RunRegistry registry) {
    this.registry = registry;
  }

  /**
   * Where a trial stands.
   *
   * @param cause why its run failed, in the word of its journal; null when that does not say
   */
  record State(RunState run, @Nullable String cause, @Nullable String error) {
    /** Whether another attempt would only give the same again: runs are exact. */
    boolean over() {
      return run == RunState.COMPLETED || "diverged".equals(cause);
    }

    /** Whether the sweep need not wait for it: it came to an end of its own. */
    boolean settled() {
      return over() || "refused".equals(cause);
    }
  }

  /** Queued for a run that was never started. */
  State of(String run) {
    return registry
        .show(run)
        .map(view -> of(run, view.state(), view.error()))
        .orElse(new State(RunState.QUEUED, null, null));
  }

  State of(String run, RunState state, @Nullable String error) {
    var cause = state == RunState.FAILED ? registry.cause(run).orElse(null) : null;
    return new State(state, cause, error);
  }
}
