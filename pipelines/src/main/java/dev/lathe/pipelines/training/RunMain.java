package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.OwnerPresence;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The process of one run: {@code RunMain DIRECTORY [--inexact]}. No Spring, no database: it locks
 * the directory, trains from where the newest checkpoint left off, and journals what it does. Exit
 * status 0 ended as asked, 2 bad input, 1 anything else; the journal's last record tells which.
 */
public final class RunMain {
  private RunMain() {}

  public static void main(String[] arguments) {
    var run = RunDirectory.of(Path.of(arguments[0]));
    boolean inexact = List.of(arguments).contains("--inexact");
    var ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stopAndWait(run, ended)));
    int status;
    try (var lock = run.lock();
        var journal = Journal.open(run.journal())) {
      run.writeProcess();
      status = journalled(run, journal, inexact);
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

  private static int journalled(RunDirectory run, Journal journal, boolean inexact) {
    try {
      train(run, journal, inexact);
      return 0;
    } catch (BadInput e) {
      System.err.println(e.getMessage());
      failed(journal, String.valueOf(e.getMessage()));
      return 2;
    } catch (Loop.Diverged e) {
      failed(
          journal,
          e.getMessage()
              + ". Resume from the last checkpoint, or start again with a lower"
              + " learningRate.");
      return 1;
    } catch (RuntimeException | OutOfMemoryError e) {
      e.printStackTrace(); // into process.log
      failed(journal, e.getClass().getSimpleName() + ": " + e.getMessage());
      return 1;
    }
  }

  private static void failed(Journal journal, String error) {
    journal.append("ended", Map.of("state", "failed", "error", error));
  }

  private static void train(RunDirectory run, Journal journal, boolean inexact) {
    var spec = run.readSpec();
    var recipe = Recipe.of(spec.recipe());
    var home = run.path().resolve("../..").normalize();
    var base = base(home, spec);
    var device = ComputeDevice.open(recipe.device(), recipe.threads());
    var precision = recipe.precisionOn(device);
    var machine = Machine.here(device, precision);
    var start = Start.of(recipe, base);

    var folder = Path.of(spec.dataset().folder());
    try (var decoder = decoder(base, start.shape(), recipe, precision, device);
        var train = split(folder, "train", recipe, base).orElseThrow(() -> empty(spec));
        var validation = split(folder, "validation", recipe, base).orElse(null)) {
      var checkpoints = new Checkpoints(run.checkpoints(), recipe.keep(), machine, start.config());
      var found = checkpoints.newest();
      var differences = found.map(f -> machine.differencesFrom(f.machine())).orElse(List.of());
      if (!differences.isEmpty() && !inexact) {
        throw BadInput.all(
            "The run cannot go on bit for bit on this machine",
            differences,
            "Resume it with --inexact to go on all the same.");
      }
      if (found.isPresent()) {
        Checkpoints.restore(found.get(), decoder.adapter());
      } else {
        decoder.adapter().set(start.values());
      }
      var state = found.map(Checkpoints.Found::state).orElse(TrainingState.START);
      var watcher =
          new RunJournal(
              journal,
              run.control(),
              new OwnerPresence(home),
              checkpoints,
              decoder.adapter(),
              run.best(),
              found.map(f -> f.state().step()).orElse(-1L));
      var loop = new Loop(decoder, recipe, train, validation, watcher);
      boolean resumed = journal.seq() > 0;
      journal.append(
          "started",
          started(state, loop.steps(), device, precision, resumed, differences.isEmpty()));
      if (train.truncated() > 0) {
        watcher.event(
            "info",
            "%d of %d conversations are longer than maxLength=%d and are cut there."
                .formatted(train.truncated(), train.size(), recipe.maxLength()));
      }
      if (!differences.isEmpty()) {
        watcher.event("warning", "Resumed inexactly: " + String.join("; ", differences));
      }
      finish(run, recipe, journal, checkpoints, decoder, watcher, loop.run(state));
    }
  }

  private static Decoder decoder(
      Base base, LoraShape shape, Recipe recipe, Precision precision, ComputeDevice device) {
    try (var weights = base.weights()) {
      return Decoder.open(
          weights, base.config(), shape, recipe.noise(), recipe.packing(), precision, device);
    }
  }

  private static void finish(
      RunDirectory run,
      Recipe recipe,
      Journal journal,
      Checkpoints checkpoints,
      Decoder decoder,
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
    if (result.ending() == Loop.Ending.COMPLETED) {
      watcher.checkpoint(result.state());
      var best = result.state().best();
      if (recipe.takesBest() && best.step() >= 0 && best.step() < result.state().step()) {
        PeftAdapter.read(run.best()).write(run.adapter());
        ended.put("evalLoss", best.loss());
        ended.put("adapterStep", best.step());
        watcher.event(
            "info",
            "The adapter is that of step %d, whose validation loss %.4f was the lowest."
                .formatted(best.step(), best.loss()));
      } else {
        checkpoints.named(decoder.adapter()).write(run.adapter());
      }
      ended.put("adapterSha256", Sha256.of(run.adapter().resolve(PeftAdapter.WEIGHTS)));
    }
    journal.append("ended", ended);
    run.control().clear();
  }

  private static Map<String, Object> started(
      TrainingState state,
      long steps,
      ComputeDevice device,
      Precision precision,
      boolean resumed,
      boolean exact) {
    var m = new LinkedHashMap<String, Object>();
    m.put("pid", ProcessHandle.current().pid());
    m.put("fromStep", state.step());
    m.put("steps", steps);
    m.put("device", device.name());
    m.put("threads", device.threads());
    m.put("cpu", ComputeDevice.cpuModel());
    m.put("precision", precision.wire());
    m.put("resumed", resumed);
    m.put("exact", exact);
    return m;
  }

  /** The adapter a run begins with. */
  private record Start(LoraShape shape, AdapterConfig config, float[] values) {
    static Start of(Recipe recipe, Base base) {
      if (recipe.initFrom() != null) {
        var adapter = LoadedModel.read(base, recipe.initFrom());
        var shape = AdapterFiles.shape(adapter, base.config());
        var c = adapter.config();
        var config =
            new AdapterConfig(
                c.rank(),
                c.alpha(),
                c.rsLora(),
                recipe.dropout(),
                c.targets(),
                base.name(),
                base.weightsSha256());
        return new Start(shape, config, AdapterFiles.flat(adapter, shape));
      }
      var shape =
          new LoraShape(
              base.config(), recipe.rank(), recipe.scale(), recipe.targetsOf(base.config()));
      var config =
          new AdapterConfig(
              recipe.rank(),
              recipe.alpha(),
              recipe.rsLora(),
              recipe.dropout(),
              shape.targetNames(),
              base.name(),
              base.weightsSha256());
      return new Start(shape, config, Adapter.initial(shape, recipe.seed()));
    }
  }

  private static Base base(Path home, RunSpec spec) {
    var base = new BaseStore(home.resolve("bases")).require(spec.base().name());
    if (!base.weightsSha256().equals(spec.base().weightsSha256())) {
      throw new BadInput(
          "The base is not the one that the run was made for",
          spec.base().name() + " has weights " + base.weightsSha256(),
          "The run needs weights " + spec.base().weightsSha256() + ".");
    }
    return base;
  }

  private static Optional<Examples> split(Path folder, String name, Recipe recipe, Base base) {
    var shard = folder.resolve("examples").resolve(name + ".shard");
    if (!Examples.exist(shard)) {
      return Optional.empty();
    }
    var examples = new Examples(shard, recipe.maxLength(), base.config().vocabSize());
    if (examples.size() == 0) {
      examples.close();
      return Optional.empty();
    }
    return Optional.of(examples);
  }

  private static BadInput empty(RunSpec spec) {
    return new BadInput(
        "The dataset has nothing to train on", spec.dataset().ref(), "Build it from more logs.");
  }
}
