package dev.lathe.pipelines.sweeps;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.registry.runs.RunState;
import dev.lathe.registry.runs.RunView;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A row of a sweep's table.
 *
 * @param run its run's id, whether the run was started or not
 * @param state queued for one that was not
 * @param values of the keys that differ from trial to trial
 * @param tokenAccuracy in the evaluation that {@code evalLoss} is of
 * @param best whether no completed trial has a better metric
 * @param version the model version it became; null until there is one
 * @param error why it failed
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record TrialView(
    int number,
    String run,
    RunState state,
    Map<String, Object> values,
    long step,
    @Nullable Long steps,
    @Nullable Double loss,
    @Nullable Double evalLossBefore,
    @Nullable Double evalLoss,
    @Nullable Double tokenAccuracy,
    @Nullable Double tokensPerSecond,
    @Nullable Long peakRssMiB,
    double seconds,
    boolean best,
    @Nullable String version,
    @Nullable String error) {

  static TrialView waiting(SweepSpec.Planned trial, @Nullable String error) {
    return new TrialView(
        trial.number(),
        trial.run(),
        error == null ? RunState.QUEUED : RunState.FAILED,
        trial.values(),
        0,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        0,
        false,
        null,
        error);
  }

  static TrialView of(
      SweepSpec.Planned trial, RunView run, @Nullable Double accuracy, @Nullable String refusal) {
    return new TrialView(
        trial.number(),
        trial.run(),
        run.state(),
        trial.values(),
        run.step(),
        run.steps(),
        run.loss(),
        run.evalLossBefore(),
        run.step() > 0 ? run.evalLoss() : null,
        accuracy,
        run.tokensPerSecond(),
        run.peakRssMiB(),
        run.seconds(),
        false,
        run.version(),
        refusal == null ? run.error() : refusal);
  }

  TrialView asBest() {
    return new TrialView(
        number,
        run,
        state,
        values,
        step,
        steps,
        loss,
        evalLossBefore,
        evalLoss,
        tokenAccuracy,
        tokensPerSecond,
        peakRssMiB,
        seconds,
        true,
        version,
        error);
  }
}
