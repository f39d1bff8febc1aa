package dev.lathe.pipelines.training;

import dev.lathe.engine.Adapter;
import dev.lathe.engine.Decoder.Score;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.OwnerPresence;
import dev.lathe.pipelines.supervision.ProcessMemory;
import dev.lathe.pipelines.supervision.RunControl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes down what the loop does, and hears what is asked of it. */
final class RunJournal implements Loop.Watcher {
  /** A new owner may take a home over in this time; then runs in it go on. */
  private static final Duration OWNERLESS = Duration.ofSeconds(10);

  private final Journal journal;
  private final RunControl control;
  private final OwnerPresence owner;
  private final Checkpoints checkpoints;
  private final Adapter adapter;
  private final Path best;
  private long checkpointed;

  /**
   * @param best where the adapter of the lowest validation loss is kept
   * @param checkpointed the step of the newest checkpoint, or -1
   */
  RunJournal(
      Journal journal,
      RunControl control,
      OwnerPresence owner,
      Checkpoints checkpoints,
      Adapter adapter,
      Path best,
      long checkpointed) {
    this.journal = journal;
    this.control = control;
    this.owner = owner;
    this.checkpoints = checkpoints;
    this.adapter = adapter;
    this.best = best;
    this.checkpointed = checkpointed;
  }

  @Override
  public void stepped(
      TrainingState state, long steps, double epochs, double learningRate, double norm) {
    var m = new LinkedHashMap<String, Object>();
    m.put("step", state.step());
    m.put("steps", steps);
    m.put("epoch", epochs);
    m.put("loss", state.loss());
    m.put("learningRate", learningRate);
    m.put("gradNorm", norm);
    m.put("tokens", state.tokens());
    m.put("labelTokens", state.labelTokens());
    m.put("seconds", state.seconds());
    m.put("tokensPerSecond", state.tokens() / state.seconds());
    m.put("rssMiB", ProcessMemory.ownMib());
    journal.append("step", m);
  }

  @Override
  public void evaluating(long step, long tokens) {
    journal.append("evaluating", Map.of("step", step, "tokens", tokens));
  }

  @Override
  public void evaluated(long step, Score score) {
    journal.append(
        "eval",
        Map.of(
            "step", step,
            "loss", score.meanLoss(),
            "perplexity", Math.exp(score.meanLoss()),
            "tokenAccuracy", score.accuracy(),
            "tokens", score.labels()));
  }

  @Override
  public void checkpoint(TrainingState state) {
    if (state.step() == checkpointed) {
      return;
    }
    long began = System.nanoTime();
    long bytes = checkpoints.write(state, adapter);
    checkpointed = state.step();
    journal.append(
        "checkpoint",
        Map.of("step", state.step(), "bytes", bytes, "seconds", (System.nanoTime() - began) / 1e9));
  }

  @Override
  public void best(TrainingState state) {
    checkpoints.named(adapter).write(best);
  }

  @Override
  public Loop.@Nullable Ending asked() {
    if (control.stopRequested()) {
      return Loop.Ending.STOPPED;
    }
    if (control.pauseRequested()) {
      return Loop.Ending.PAUSED;
    }
    if (owner.absent().compareTo(OWNERLESS) > 0) {
      event("warning", "The home has had no owner for 10 seconds; the run stops at a checkpoint.");
      return Loop.Ending.STOPPED;
    }
    return null;
  }

  void event(String level, String message) {
    journal.append("event", Map.of("level", level, "message", message));
  }
}
