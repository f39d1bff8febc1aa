package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.MemoryRoom;
import dev.lathe.pipelines.supervision.RunDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The process of one run: {@code RunMain DIRECTORY [--inexact] [--ran-out] [--because TEXT]}. No
 * Spring, no database: it locks the directory, trains from where the newest checkpoint left off,
 * and journals what it does. Exit status 0 ended as asked, 2 bad input, 1 anything else; the
 * journal's last record tells which.
 */
public final class RunMain {
  private static final String WHOLE_FILE =
      "The bundled engine loads such a version as a whole model, for which a file as large as the"
          + " base in 16 bits is written when it is first promoted or asked.";

  private static final String UNSERVED =
      "No engine here serves models of this architecture (%s): the version can be evaluated, loaded"
          + " by Hugging Face's libraries, gone on with and exported as safetensors, but not promoted and served here.";

  private RunMain() {}

  public static void main(String[] arguments) {
    var run = RunDirectory.of(Path.of(arguments[0]));
    var how = How.of(List.of(arguments));
    var ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndWait(run, ended)));
    int status;
    try (var lock = run.lock();
        var journal = Journal.open(run.journal())) {
      run.writeProcess();
      status = journalled(run, journal, how);
    } catch (BadInput e) {
      System.err.println(e.getMessage());
      status = 2;
    }
    ended.countDown();
    // PyTorch's threads do not end by themselves.
    System.exit(status);
  }

  /**
   * On SIGTERM the run ends at a checkpoint; and the JVM, whose exit unloads PyTorch, must not end
   * while a step is still computing in it.
   */
  private static void stopAndWait(RunDirectory run, CountDownLatch ended) {
    if (ended.getCount() == 0) {
      return;
    }
    run.control().requestStop();
    try {
      if (!ended.await(2, TimeUnit.MINUTES)) {
        Runtime.getRuntime().halt(1);
      }
    } catch (InterruptedException e) {
      Runtime.getRuntime().halt(1);
    }
  }

  private static int journalled(RunDirectory run, Journal journal, How how) {
    try {
      train(run, journal, how);
      return 0;
    } catch (BadInput e) {
      System.err.println(e.getMessage());
      failed(journal, String.valueOf(e.getMessage()), "refused");
      return 2;
    } catch (Diverged e) {
      failed(
          journal,
          e.getMessage()
              + ". Start again with a lower learningRate, or without these conversations:"
              + " './lathe dataset preview DATASET --id ID' shows them. What the run had learnt"
              + " before is kept in its last checkpoint.",
          "diverged");
      return 1;
    } catch (Replicas.Died e) {
      System.err.println(e.getMessage());
      if (e.status() < 128) {
        failed(journal, e.getMessage() + "; see process.log", "broke");
        return 1;
      }
      return e.status(); // as if it had been this process: the supervisor starts the run again
    } catch (RuntimeException | OutOfMemoryError e) {
      e.printStackTrace(); // into process.log
      if (Allocation.failed(e)) {
        failed(journal, Allocation.told(e), "memory");
      } else {
        failed(journal, e.getClass().getSimpleName() + ": " + e.getMessage(), "broke");
      }
      return 1;
    }
  }

  /**
   * @param cause {@code refused} for what its user gave, {@code diverged} for a loss that is no
   *     number or explodes, {@code memory} for too little of it, {@code broke} for anything else
   */
  private static void failed(Journal journal, String error, String cause) {
    journal.append("ended", Map.of("state", "failed", "error", error, "cause", cause));
  }

  private static void train(RunDirectory run, Journal journal, How how) {
    var home = run.path().resolve("../..").normalize();
    if (how.because() != null) {
      event(journal, "warning", how.because());
    }
    try (var asked = Setup.of(run.readSpec(), home);
        var beside = new Beside()) {
      var machine = Machine.here(asked.devices(), asked.device(), asked.precision());
      var recipe = asked.recipe();
      var checkpoints = new Checkpoints(run.checkpoints(), recipe.keep(), machine);
      var found = checkpoints.newest();
      var differences = found.map(f -> machine.differencesFrom(f.machine())).orElse(List.of());
      if (!differences.isEmpty() && !how.inexact()) {
        throw BadInput.all(
            "The run cannot go on bit for bit on this machine",
            differences,
            "Resume it with --inexact to go on all the same.");
      }
      var state =
          found
              .map(Checkpoints.Found::state)
              .orElse(TrainingState.START.withScale(LossScale.of(asked.precision())));
      var cuts = Cuts.of(Journal.read(run.journal(), 0));
      var fitting = Fitting.of(asked, state, cuts, how.ranOut(), new MemoryRoom().available());
      fitting.requireDisk(run.path());
      if (fitting.changed()) {
        event(journal, "warning", fitting.why());
        journal.append(Cuts.RECORD, fitting.cut(state).toMap());
        cuts = cuts.and(fitting.cut(state));
      }
      var setup = fitting.setup();
      journal.append("estimate", fitting.estimate().toMap());
      try (var decoder = setup.decoder();
          var samples = recipe.samplePrompts().isEmpty() ? null : Samples.of(recipe, setup.base());
          var trackers = Trackers.of(run, asked.spec(), recipe, state)) {
        var learnt = setup.learnt(decoder);
        if (found.isPresent()) {
          learnt.restore(found.get().folder());
        }
        var watcher =
            new RunJournal(
                run,
                journal,
                checkpoints,
                beside,
                decoder,
                learnt,
                samples,
                trackers.all(),
                found.map(f -> f.state().step()).orElse(-1L));
        journal.append("started", started(setup, state, found.isPresent(), differences.isEmpty()));
        var mixture = Mixture.of(setup);
        if (found.isEmpty() && mixture.several()) {
          tell(watcher, mixture, setup);
        }
        if (setup.train().truncated() > 0) {
          watcher.event(
              "info",
              "%d of %d conversations are longer than maxLength=%d and are cut there."
                  .formatted(setup.train().truncated(), setup.train().size(), recipe.maxLength()));
        }
        if (found.isEmpty() && !setup.base().config().isPlainLlama()) {
          watcher.event("info", UNSERVED.formatted(setup.base().config().architecture()));
        } else if (found.isEmpty()
            && (recipe.adapter() != Recipe.AdapterKind.LORA
                || !setup.start().shape().saved().isEmpty())) {
          watcher.event("info", WHOLE_FILE);
        }
        if (setup.train().unusable() > 0) {
          watcher.event(
              "warning",
              "Of %d of %d examples nothing is left to learn; the run leaves them out."
                  .formatted(setup.train().unusable(), setup.train().size()));
        }
        if (!differences.isEmpty()) {
          watcher.event("warning", "Resumed inexactly: " + String.join("; ", differences));
        }
        if (state.step() < setup.steps()) {
          var probe = Probe.of(setup, decoder, state, fitting.estimate());
          journal.append("estimate", fitting.estimate().toMap(probe, mixture));
        }
        Loop.Result result;
        try (var replicas = Replicas.start(run, setup, decoder)) {
          var loop =
              new Loop(
                  decoder,
                  recipe,
                  setup.train(),
                  setup.validation(),
                  setup.order(),
                  cuts,
                  replicas,
                  watcher);
          result = loop.run(state);
        }
        finish(run, recipe, journal, learnt, watcher, result);
        trackers.ended();
      }
    }
  }

  /** What a mixture is made of, and what its validation loss is one of. */
  private static void tell(RunJournal watcher, Mixture mixture, Setup setup) {
    watcher.event("info", mixture.told(setup.recipe().objective()));
    var all = setup.train().names();
    var held = setup.validation();
    if (held != null && held.names().size() < all.size()) {
      var without = new ArrayList<>(all);
      without.removeAll(held.names());
      watcher.event(
          "warning",
          "Without a validation split: %s. The validation loss is that of %s."
              .formatted(String.join(", ", without), String.join(", ", held.names())));
    }
    long learnt = held == null ? 0 : held.foundElsewhere(setup.train());
    if (learnt > 0) {
      watcher.event(
          "warning",
          "%d of the validation conversations stand in another dataset's training split: the"
                  .formatted(learnt)
              + " validation loss will be too low. Build the datasets with the same seed and shares,"
              + " or as one.");
    }
  }

  private static void event(Journal journal, String level, String message) {
    journal.append("event", Map.of("level", level, "message", message));
  }

  private static void finish(
      RunDirectory run,
      Recipe recipe,
      Journal journal,
      Learnt learnt,
      RunJournal watcher,
      Loop.Result result) {
    var ended = new LinkedHashMap<String, Object>();
    ended.put("state", result.ending().name().toLowerCase(Locale.ROOT));
    ended.put("step", result.state().step());
    if (Double.isFinite(result.state().loss())) {
      ended.put("loss", result.state().loss());
    }
    if (result.evaluation() != null) {
      ended.put("evalLoss", result.evaluation().meanLoss());
    }
    if (Double.isFinite(result.state().evalLossBefore())) {
      ended.put("evalLossBefore", result.state().evalLossBefore());
    }
    watcher.settle();
    if (result.ending() == Loop.Ending.COMPLETED) {
      watcher.checkpoint(result.state());
      watcher.settle();
      var folder = recipe.adapter() == Recipe.AdapterKind.FULL ? run.model() : run.adapter();
      var best = result.state().best();
      if (recipe.takesBest() && best.step() >= 0 && best.step() < result.state().step()) {
        learnt.copy(run.best(), folder);
        ended.put("evalLoss", best.loss());
        ended.put("adapterStep", best.step());
        watcher.event(
            "info",
            "The adapter is that of step %d, whose validation loss %.4f was the lowest."
                .formatted(best.step(), best.loss()));
      } else {
        learnt.result(result.state().step(), folder, watcher::settle).run();
      }
      ended.put("adapterSha256", Sha256.of(WholeModel.weightsIn(folder)));
    }
    journal.append("ended", ended);
    run.control().clear();
  }

  private static Map<String, Object> started(
      Setup setup, TrainingState state, boolean resumed, boolean exact) {
    var m = new LinkedHashMap<String, Object>();
    m.put("pid", ProcessHandle.current().pid());
    m.put("fromStep", state.step());
    m.put("steps", setup.steps());
    m.put("device", setup.devices().told(setup.device()));
    m.put("threads", setup.device().threads());
    m.put("cpu", ComputeDevice.cpuModel());
    m.put("precision", setup.precision().wire());
    m.put("torch", ComputeDevice.torchVersion());
    m.put("resumed", resumed);
    m.put("exact", exact);
    return m;
  }
}
