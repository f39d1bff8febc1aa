package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.registry.runs.RunState;
import java.time.Clock;

/** Runs completed runs again from their lineage, and tells whether the same came out. */
public final class Reproductions {
  private final Finetunes finetunes;
  private final FinetunePlan plan;
  private final Clock clock;

  /**
   * @param plan knows whether base and dataset are still those of a run
   */
  public Reproductions(Finetunes finetunes, FinetunePlan plan, Clock clock) {
    this.finetunes = finetunes;
    this.plan = plan;
    this.clock = clock;
  }

  /**
   * Starts a run with the base, dataset and recipe of a completed one, and returns at once. What
   * comes out becomes no model version.
   *
   * @throws BadInput when the run is not complete, or its base or dataset is gone or another one
   */
  public RunSpec start(String given) {
    var original = finetunes.show(given);
    if (original.state() != RunState.COMPLETED) {
      throw new BadInput(
          "Only a completed run can be reproduced: this one is " + original.state().word(),
          original.id(),
          "Let it complete first ('./lathe runs resume " + original.id() + "').");
    }
    var spec = finetunes.find(original.id()).readSpec();
    plan.requireThere(spec);
    var again =
        new RunSpec(
            finetunes.freshId(),
            spec.model(),
            spec.base(),
            spec.dataset(),
            spec.recipe(),
            clock.instant(),
            plan.codeVersion(),
            null,
            original.id());
    finetunes.start(again);
    return again;
  }

  /**
   * A run that was started to reproduce another, beside that other one.
   *
   * @throws BadInput when it was not, or the other is gone
   */
  public Reproduction compare(String given) {
    var view = finetunes.show(given);
    var again = side(finetunes.find(view.id()));
    var original = again.spec().reproduces();
    if (original == null) {
      throw new BadInput(
          "The run reproduces no other",
          view.id(),
          "'./lathe runs reproduce RUN' runs one again; './lathe runs compare' takes any two.");
    }
    return Reproduction.of(side(finetunes.find(original)), again, view.state());
  }

  private static Reproduction.Side side(RunDirectory run) {
    return new Reproduction.Side(run.readSpec(), Journal.read(run.journal(), 0));
  }
}
