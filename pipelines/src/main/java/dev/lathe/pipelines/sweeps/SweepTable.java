package dev.lathe.pipelines.sweeps;

import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunState;
import dev.lathe.registry.runs.RunView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Compares a sweep's trials. */
final class SweepTable {
  private final RunRegistry registry;
  private final TrialStates states;

  SweepTable(RunRegistry registry, TrialStates states) {
    this.registry = registry;
    this.states = states;
  }

  /**
   * The table as it stands.
   *
   * @param runs those of the trials that were started, by id; others may be among them
   * @param refusals why trials could not be begun, by run
   * @param active whether the sweep goes on
   */
  SweepView view(
      SweepSpec spec, Map<String, RunView> runs, Map<String, String> refusals, boolean active) {
    var accuracies =
        registry.tokenAccuracies(
            spec.trials().stream().map(SweepSpec.Planned::run).filter(runs::containsKey).toList());
    var rows = new ArrayList<TrialView>();
    for (var trial : spec.trials()) {
      var run = runs.get(trial.run());
      var refusal = refusals.get(trial.run());
      rows.add(
          run == null
              ? TrialView.waiting(trial, refusal)
              : TrialView.of(trial, run, accuracies.get(trial.run()), refusal));
    }
    var best = spec.metric().best(rows);
    best.ifPresent(b -> rows.set(b.number() - 1, b.asBest()));
    return new SweepView(
        spec.id(),
        active ? RunState.RUNNING : state(rows),
        spec.base().name(),
        spec.dataset().ref(),
        spec.model(),
        spec.metric(),
        spec.register(),
        spec.seed(),
        spec.parallel(),
        spec.keys(),
        best.map(TrialView::number).orElse(null),
        best.map(TrialView::version).orElse(null),
        rows,
        spec.createdAt());
  }

  private RunState state(List<TrialView> rows) {
    boolean failed = false;
    boolean complete = true;
    for (var row : rows) {
      boolean settled = states.of(row.run(), row.state(), row.error()).settled();
      complete &= settled;
      failed |= !settled && row.state() == RunState.FAILED;
    }
    return complete ? RunState.COMPLETED : failed ? RunState.FAILED : RunState.STOPPED;
  }
}
