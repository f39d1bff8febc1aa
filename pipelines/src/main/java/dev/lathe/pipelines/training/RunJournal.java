package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.OwnerPresence;
import dev.lathe.pipelines.supervision.ProcessMemory;
import dev.lathe.pipelines.supervision.RunControl;
import dev.lathe.pipelines.supervision.RunDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
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
  private final Beside.Lane checkpointing;
  private final Beside.Lane besting;
  private final Decoder decoder;
  private final Learnt learnt;
  private final @Nullable Samples samples;
  private final List<Tracker> trackers;
  private final Path best;
  private long checkpointed;

  /**
   * @param beside where files are written; whoever made it closes it
   * @param samples null when the recipe asks nothing
   * @param trackers those that the recipe wants; whoever made them closes them
   * @param checkpointed the step of the newest checkpoint, or -1
   */
  RunJournal(
      RunDirectory run,
      Journal journal,
      Checkpoints checkpoints,
      Beside beside,
      Decoder decoder,
      Learnt learnt,
      @Nullable Samples samples,
      List<Tracker> trackers,
      long checkpointed) {
    this.journal = journal;
    this.control = run.control();
    this.owner = new OwnerPresence(run.path().resolve("../..").normalize());
    this.checkpoints = checkpoints;
    this.checkpointing = beside.new Lane();
    this.besting = beside.new Lane();
    this.decoder = decoder;
    this.learnt = learnt;
    this.samples = samples;
    this.trackers = trackers;
    this.best = run.best();
    this.checkpointed = checkpointed;
  }

  @Override
  public void stepped(
      TrainingState state,
      long steps,
      double epochs,
      double learningRate,
      double norm,
      Map<String, Double> figures) {
    var m = new LinkedHashMap<String, Object>();
    m.put("step", state.step());
    m.put("steps", steps);
    m.put("epoch", epochs);
    m.put("loss", state.loss());
    m.put("learningRate", learningRate);
    if (Double.isFinite(norm)) {
      m.put("gradNorm", norm);
    } else {
      m.put("skipped", true);
    }
    m.putAll(figures);
    m.put("tokens", state.tokens());
    m.put("labelTokens", state.labelTokens());
    m.put("seconds", state.seconds());
    m.put("tokensPerSecond", state.tokens() / state.seconds());
    m.put("rssMiB", ProcessMemory.ownMib());
    journal.append("step", m);
    show("train", m);
  }

  @Override
  public void evaluating(long step, long tokens) {
    journal.append("evaluating", Map.of("step", step, "tokens", tokens));
  }

  @Override
  public void evaluated(long step, Learning.Evaluation evaluation) {
    var m = new LinkedHashMap<String, Object>();
    m.put("step", step);
    m.put("loss", evaluation.meanLoss());
    m.putAll(evaluation.figures());
    journal.append("eval", m);
    show("eval", m);
  }

  private void show(String group, Map<String, ?> record) {
    trackers.forEach(tracker -> tracker.scalars(group, record));
  }

  @Override
  public void checkpoint(TrainingState state) {
    if (state.step() == checkpointed) {
      return;
    }
    long began = System.nanoTime();
    trackers.forEach(Tracker::settle);
    checkpointing.settle();
    var snapshot = learnt.checkpoint(state.step(), this::settle);
    checkpointed = state.step();
    double stalled = (System.nanoTime() - began) / 1e9;
    checkpointing.write(() -> write(state, snapshot, stalled));
  }

  /** What is told here is on the disk. */
  private void write(TrainingState state, Learnt.Checkpointing snapshot, double stalled) {
    long began = System.nanoTime();
    long bytes = snapshot.write(checkpoints, state);
    journal.append(
        "checkpoint",
        Map.of(
            "step",
            state.step(),
            "bytes",
            bytes,
            "seconds",
            (System.nanoTime() - began) / 1e9,
            "stalled",
            stalled));
  }

  /** Written before the checkpoint that speaks of it, by the same thread. */
  @Override
  public void best(TrainingState state) {
    besting.settle();
    besting.write(learnt.result(state.step(), best, this::settle));
  }

  /** Waits until everything that was asked for is on the disk. */
  void settle() {
    besting.settle();
    checkpointing.settle();
  }

  @Override
  public void sample(long step) {
    if (samples != null) {
      for (var sample : samples.taken(decoder)) {
        journal.append(
            "sample", Map.of("step", step, "prompt", sample.prompt(), "answer", sample.answer()));
      }
    }
  }

  @Override
  public Loop.@Nullable Ending asked() {
    besting.check();
    checkpointing.check();
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
