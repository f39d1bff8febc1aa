package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.adapters.GgufAdapter;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.ModelConfigs;
import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.supervision.RunSpec.DatasetRef;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.models.NewVersion;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunState;
import dev.lathe.registry.runs.RunView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes model versions of completed runs. A run becomes one version, however often it is asked for;
 * what dies on the way is begun again.
 */
public final class Registrations {
  private static final Logger log = LoggerFactory.getLogger(Registrations.class);

  private final ModelRegistry models;
  private final RunRegistry runs;
  private final DatasetStore datasets;

  /**
   * @param runs in which the journals are imported
   * @param datasets {@code home/datasets}
   */
  public Registrations(ModelRegistry models, RunRegistry runs, Path datasets) {
    this.models = models;
    this.runs = runs;
    this.datasets = new DatasetStore(datasets);
  }

  /**
   * The version of a completed run.
   *
   * @throws BadInput when the run is not complete, its adapter is not what it wrote, or the disk is
   *     full
   */
  public synchronized ModelVersion register(RunDirectory run) {
    var known = models.ofRun(run.id());
    if (known.isPresent()) {
      return known.get();
    }
    var view =
        runs.show(run.id())
            .filter(v -> v.state() == RunState.COMPLETED)
            .orElseThrow(
                () ->
                    new BadInput(
                        "only a completed run becomes a model version",
                        run.id(),
                        "'./lathe runs show " + run.id() + "' tells where it stands."));
    var spec = run.readSpec();
    var aside = models.aside(run.id());
    var datasets = datasets(spec);
    try {
      copy(run, view.adapterSha256(), aside);
      writeForServing(spec, datasets, aside);
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, aside);
    }
    var version =
        models.register(
            new NewVersion(
                spec.model(),
                run.id(),
                spec.dataset().ref(),
                spec.dataset().id(),
                mixture(spec),
                spec.base().name(),
                spec.base().weightsSha256(),
                datasets.stream()
                    .findFirst()
                    .map(DatasetVersion::templateSha256)
                    .orElseGet(() -> Sha256.of(template(spec))),
                sources(datasets),
                spec.recipe(),
                metrics(view),
                aside,
                spec.codeVersion()));
    log.info("run {} became {}", run.id(), version.version());
    return version;
  }

  /**
   * Registers a run that completed, unless its sweep decides about that or it reproduces another.
   */
  public void completed(RunDirectory run) {
    var spec = run.readSpec();
    var trial = spec.trial();
    if (spec.reproduces() == null && (trial == null || trial.registers())) {
      registered(run);
    }
  }

  /** Registers what completed; what cannot be registered is told to the log and tried again. */
  public void registered(RunDirectory run) {
    try {
      register(run);
    } catch (RuntimeException e) {
      log.warn(
          "run {} is complete but no model version yet: {}; './lathe models register {}' and the"
              + " next start try again",
          run.id(),
          e.getMessage(),
          run.id());
    }
  }

  private static void copy(RunDirectory run, @Nullable String expected, Path aside)
      throws IOException {
    var weights = WholeModel.weightsIn(run.result());
    if (!Files.isRegularFile(weights)) {
      throw new BadInput("the run has nothing to register", weights + "", "Train it again.");
    }
    Durable.deleteTree(aside);
    var name = String.valueOf(run.result().getFileName());
    var target = Files.createDirectories(aside.resolve(name));
    try (var files = Files.list(run.result())) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, target.resolve(String.valueOf(file.getFileName())));
      }
    }
    var found = Sha256.of(WholeModel.weightsIn(target));
    if (expected != null && !expected.equals(found)) {
      throw new BadInput(
          "the result is not the one that the run wrote",
          weights + " has the hash " + found + ", the run says " + expected,
          "Restore the file, or train it again.");
    }
  }

  /**
   * What engines load beside the base. A version that none of them can load has no such files; it
   * is registered nonetheless, for Hugging Face PEFT loads it.
   */
  private static void writeForServing(RunSpec spec, List<DatasetVersion> datasets, Path aside)
      throws IOException {
    if (WholeModel.isServedMerged(WholeModel.orAdapter(aside))) {
      return; // what serves it is as large as a base, and made when it is first asked for
    }
    var serving = aside.resolve("serving");
    try {
      GgufAdapter.write(
          PeftAdapter.read(aside.resolve("adapter")),
          ModelConfigs.read(Path.of(spec.base().folder())),
          spec.base().name(),
          serving.resolve("adapter.gguf"));
    } catch (BadInput e) {
      if (e.getCause() instanceof IOException) {
        throw e; // the disk is full
      }
      log.warn("run {}: what it made cannot be served: {}", spec.id(), e.getMessage());
      Durable.deleteTree(serving);
      return;
    }
    var own = Path.of(spec.dataset().folder()).resolve("chat_template.jinja");
    var template = !datasets.isEmpty() && Files.isRegularFile(own) ? own : template(spec);
    Files.copy(template, serving.resolve("chat_template.jinja"));
  }

  private static Path template(RunSpec spec) {
    return Path.of(spec.base().folder()).resolve("chat_template.jinja");
  }

  /**
   * Without those that were deleted since: their references and content hashes still stand in the
   * run.
   */
  private List<DatasetVersion> datasets(RunSpec spec) {
    return spec.dataset().parts().stream().flatMap(part -> there(spec, part)).toList();
  }

  private Stream<DatasetVersion> there(RunSpec spec, DatasetRef.Part part) {
    try {
      return Stream.of(datasets.require(part.ref())).filter(d -> d.id().equals(part.id()));
    } catch (BadInput e) {
      log.warn("run {}: its dataset is gone: {}", spec.id(), e.getMessage());
      return Stream.empty();
    }
  }

  private static List<ModelVersion.Dataset> mixture(RunSpec spec) {
    return spec.dataset().mixture() == null
        ? List.of()
        : spec.dataset().parts().stream()
            .map(p -> new ModelVersion.Dataset(p.ref(), p.id(), p.weight()))
            .toList();
  }

  /** The same log may have gone into several. */
  private static List<ModelVersion.Source> sources(List<DatasetVersion> datasets) {
    return datasets.stream()
        .flatMap(d -> d.sources().stream())
        .map(s -> new ModelVersion.Source(s.file(), s.sha256()))
        .distinct()
        .toList();
  }

  private static Map<String, Double> metrics(RunView run) {
    var metrics = new LinkedHashMap<String, Double>();
    put(metrics, "evalLossBefore", run.evalLossBefore());
    put(metrics, "evalLoss", run.evalLoss());
    put(metrics, "loss", run.loss());
    put(metrics, "steps", run.step());
    put(metrics, "tokens", run.tokens());
    put(metrics, "labelTokens", run.labelTokens());
    put(metrics, "seconds", run.seconds());
    return metrics;
  }

  private static void put(Map<String, Double> metrics, String name, @Nullable Number value) {
    if (value != null) {
      metrics.put(name, value.doubleValue());
    }
  }
}
