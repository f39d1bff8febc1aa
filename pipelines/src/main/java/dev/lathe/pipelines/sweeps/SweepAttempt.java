package dev.lathe.pipelines.sweeps;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.sweeps.SweepJob.Outcome;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt at a sweep under this owner's eyes: starts the trials that are missing, goes on with
 * those that ended early, waits for those that train already, and leaves the finished ones alone.
 */
final class SweepAttempt implements SweepJob.Trainer {
  private static final Logger log = LoggerFactory.getLogger(SweepAttempt.class);

  private final SweepSpec sweep;
  private final Finetunes finetunes;
  private final TrialStates states;
  private final Clock clock;
  private final boolean inexact;
  private final Map<String, String> refusals = new ConcurrentHashMap<>();
  private final CompletableFuture<Void> givenUp = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private boolean stopping;

  /**
   * @param inexact whether trials go on although this machine may compute otherwise than the first
   */
  SweepAttempt(
      SweepSpec sweep, Finetunes finetunes, TrialStates states, Clock clock, boolean inexact) {
    this.sweep = sweep;
    this.finetunes = finetunes;
    this.states = states;
    this.clock = clock;
    this.inexact = inexact;
  }

  @Override
  public Outcome train(SweepSpec.Planned trial) {
    try {
      if (!begin(trial)) {
        return new Outcome.Stopped();
      }
    } catch (BadInput e) {
      log.warn("sweep {}, trial {}: {}", sweep.id(), trial.number(), e.getMessage());
      refusals.put(trial.run(), String.valueOf(e.getMessage()));
      return new Outcome.Failed(String.valueOf(e.getMessage()));
    }
    CompletableFuture.anyOf(finetunes.over(trial.run()), givenUp).join();
    return givenUp.isDone() ? new Outcome.Stopped() : outcome(trial);
  }

  /** Why a trial could not be begun in this attempt, by its run. */
  Map<String, String> refusals() {
    return refusals;
  }

  /** Begins no further trial and asks those that train to stop at a checkpoint. */
  synchronized void stop() {
    stopping = true;
    for (var trial : sweep.trials()) {
      if (finetunes.active(trial.run())) {
        try {
          finetunes.stop(trial.run());
        } catch (BadInput e) {
          log.debug("trial {} ended by itself: {}", trial.run(), e.getMessage());
        }
      }
    }
  }

  /**
   * Leaves the runs to themselves and the next owner, and returns when nobody of this attempt
   * touches the database any more.
   */
  void giveUp() {
    synchronized (this) {
      givenUp.complete(null);
    }
    ended.completeOnTimeout(null, 10, TimeUnit.SECONDS).join();
  }

  boolean isGivenUp() {
    return givenUp.isDone();
  }

  /** Told when all of it is written down. */
  void conclude() {
    ended.complete(null);
  }

  /** False when the sweep is being stopped or given up, and the trial is not over. */
  private synchronized boolean begin(SweepSpec.Planned trial) {
    var run = trial.run();
    if (finetunes.active(run) || states.of(run).over()) {
      return true;
    }
    if (stopping || givenUp.isDone()) {
      return false;
    }
    if (finetunes.knows(run)) {
      finetunes.resume(run, inexact);
    } else {
      finetunes.start(sweep.toRun(trial, clock.instant()));
    }
    return true;
  }

  private Outcome outcome(SweepSpec.Planned trial) {
    var state = states.of(trial.run());
    return switch (state.run()) {
      case COMPLETED -> new Outcome.Done("completed");
      case STOPPED, PAUSED -> new Outcome.Stopped();
      case FAILED ->
          state.over()
              ? new Outcome.Done(String.valueOf(state.error()))
              : new Outcome.Failed(String.valueOf(state.error()));
      case QUEUED, RUNNING -> new Outcome.Failed("its run is " + state.run().word());
    };
  }
}
