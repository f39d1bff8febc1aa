package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.runs.RunDescription;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRecord;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcConnectionPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

class RegistrationsTest {
  private static final String RUN = "20261121-1530-k7qd";
  private static final Instant NOW = Instant.parse("2026-11-21T15:30:00Z");

  @TempDir Path home;
  private JdbcConnectionPool pool;
  private RunImport imports;
  private RunRegistry runs;
  private ModelRegistry models;
  private Registrations registrations;
  private Base base;

  @BeforeEach
  void open() {
    pool = JdbcConnectionPool.create("jdbc:h2:mem:" + System.nanoTime(), "sa", "");
    Flyway.configure().dataSource(pool).load().migrate();
    var transactions = new JdbcTransactionManager(pool);
    imports = new RunImport(new JdbcTemplate(pool), transactions, Clock.systemUTC());
    runs = new RunRegistry(JdbcClient.create(pool));
    models =
        new ModelRegistry(
            JdbcClient.create(pool), transactions, home.resolve("models"), Clock.systemUTC());
    registrations = new Registrations(models, runs, home.resolve("datasets"));
    base = TinyBase.create(new BaseStore(home.resolve("bases")));
  }

  @AfterEach
  void close() {
    pool.dispose();
  }

  @Test
  void aCompletedRunBecomesAVersionWithItsWholeLineage() throws Exception {
    var run = completed(publishedDataset(), 0.5f);

    var version = registrations.register(run);

    assertThat(version.version()).isEqualTo("support@1");
    assertThat(version.run()).isEqualTo(RUN);
    assertThat(version.baseSha256()).isEqualTo(base.weightsSha256());
    assertThat(version.templateSha256()).isEqualTo(base.templateSha256());
    assertThat(version.sources())
        .containsExactly(new ModelVersion.Source("/logs/desk.jsonl", "01".repeat(32)));
    assertThat(version.metrics())
        .containsEntry("evalLossBefore", 3.0)
        .containsEntry("evalLoss", 1.5);
    assertThat(version.recipe()).containsEntry("rank", 2);
    assertThat(version.files())
        .extracting(ModelVersion.File::path)
        .containsExactlyInAnyOrder(
            "README.md",
            "adapter/adapter_config.json",
            "adapter/adapter_model.safetensors",
            "serving/adapter.gguf",
            "serving/chat_template.jinja");
    var folder = Path.of(version.folder());
    assertThat(PeftAdapter.read(folder.resolve("adapter"))).isEqualTo(adapter(0.5f));
    try (var gguf = GgufFile.open(folder.resolve("serving/adapter.gguf"))) {
      assertThat(gguf.metadata()).containsEntry("general.type", "adapter");
    }
    assertThat(models.verify("support@1").differences()).isEmpty();
    assertThat(runs.show(RUN).orElseThrow().version()).isEqualTo("support@1");
    assertThat(runs.list().getFirst().version()).isEqualTo("support@1");
  }

  @Test
  void aModelWhoseWeightsAllLearntIsRegisteredAsAHuggingFaceDirectory() throws Exception {
    var run =
        completed(
            publishedDataset(),
            made -> {
              try (var weights = base.weights()) {
                WholeModel.write(base, weights, Encoding.BF16, made.model());
              }
            });
    var version = registrations.register(run);
    assertThat(version.files())
        .extracting(ModelVersion.File::path)
        .contains(
            "README.md", "model/config.json", "model/model.safetensors", "model/tokenizer.json")
        .noneMatch(path -> path.startsWith("adapter/"));
    assertThat(models.verify("support@1").differences()).isEmpty();
    var folder = WholeModel.orAdapter(Path.of(version.folder()));
    var model = WholeModel.asBase(base, folder);
    assertThat(model.weightsSha256()).isNotEqualTo(base.weightsSha256());
    var other = new Base("other", base.folder(), base.config(), "ff".repeat(32), "");
    assertThatThrownBy(() -> WholeModel.open(other, folder))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("made of another base than other");
  }

  @Test
  void itIsRegisteredOnceHoweverOftenItIsAskedFor() {
    var run = completed(publishedDataset(), 0.5f);
    var first = registrations.register(run);

    registrations.completed(run);

    assertThat(registrations.register(run)).isEqualTo(first);
    assertThat(models.versions("support")).hasSize(1);
  }

  @Test
  void whatARegistrationThatWasKilledLeftBehindIsBegunAgain() throws Exception {
    var run = completed(publishedDataset(), 0.5f);
    Files.createDirectories(models.aside(RUN).resolve("adapter"));
    Files.writeString(models.aside(RUN).resolve("adapter/adapter_config.json"), "{ half");
    Files.createDirectories(home.resolve("models/support/1/adapter"));

    registrations.register(run);

    assertThat(models.verify("support@1").differences()).isEmpty();
    assertThat(models.aside(RUN)).doesNotExist();
  }

  @Test
  void anAdapterThatTheRunDidNotWriteIsRefused() throws Exception {
    var run = completed(publishedDataset(), 0.5f);
    adapter(0.75f).write(run.adapter());

    assertThatThrownBy(() -> registrations.register(run))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("not the one that the run wrote");
    registrations.completed(run); // only tells the log
    assertThat(models.names()).isEmpty();
  }

  @Test
  void onlyACompletedRunIsRegistered() {
    var run = completed(publishedDataset(), 0.5f);
    imports.observe(RUN, RunState.FAILED, "loss is NaN", null);

    assertThatThrownBy(() -> registrations.register(run))
        .hasMessageContaining("only a completed run");
  }

  @Test
  void whatNoEngineCanServeIsRegisteredWithoutFilesForServing() {
    var version = registrations.register(completed(publishedDataset(), Float.NaN));

    assertThat(version.files()).extracting(ModelVersion.File::path).noneMatch(this::forServing);
    assertThat(models.verify("support@1").differences()).isEmpty();
  }

  @Test
  void aDatasetThatIsGoneLeavesTheLineageThatTheRunKnows() {
    var version = registrations.register(completed("desk@1", 0.5f));

    assertThat(version.sources()).isEmpty();
    assertThat(version.dataset()).isEqualTo("desk@1");
    assertThat(version.templateSha256()).isEqualTo(base.templateSha256());
    assertThat(version.files()).extracting(ModelVersion.File::path).anyMatch(this::forServing);
  }

  private boolean forServing(String path) {
    return path.startsWith("serving/");
  }

  private RunDirectory completed(String dataset, float value) {
    return completed(dataset, run -> adapter(value).write(run.adapter()));
  }

  private RunDirectory completed(String dataset, Consumer<RunDirectory> writing) {
    var spec =
        new RunSpec(
            RUN,
            "support",
            new RunSpec.BaseRef(base.name(), base.weightsSha256(), base.folder().toString()),
            new RunSpec.DatasetRef(
                dataset, "cd".repeat(32), home.resolve("datasets/desk/1").toString()),
            Map.of("rank", 2),
            NOW,
            "test");
    var run = RunDirectory.of(home.resolve("runs").resolve(RUN));
    run.create(spec);
    writing.accept(run);
    imports.describe(
        new RunDescription(
            RUN, "support", "tiny", base.weightsSha256(), dataset, spec.recipe(), NOW, null),
        "start");
    imports.take(
        RUN,
        List.of(
            record(1, "started", Map.of("fromStep", 0, "steps", 4)),
            record(2, "eval", Map.of("step", 0, "loss", 3.0)),
            record(3, "eval", Map.of("step", 4, "loss", 1.5)),
            record(
                4,
                "ended",
                Map.of(
                    "state",
                    "completed",
                    "step",
                    4,
                    "adapterSha256",
                    Sha256.of(WholeModel.weightsIn(run.result()))))),
        "end");
    imports.observe(RUN, RunState.COMPLETED, null, null);
    return run;
  }

  private static RunRecord record(long seq, String type, Map<String, Object> fields) {
    return new RunRecord(seq, NOW.plusSeconds(seq), type, fields);
  }

  /** On one projection of the tiny base. */
  private PeftAdapter adapter(float value) {
    var config = base.config();
    int in = config.hiddenSize();
    int out = config.heads() * config.headDim();
    var a = new float[2 * in];
    var b = new float[out * 2];
    java.util.Arrays.fill(a, value);
    java.util.Arrays.fill(b, 0.25f);
    var modules = new LinkedHashMap<String, LoraPair>();
    modules.put(
        "model.layers.0.self_attn.q_proj",
        new LoraPair(new Matrix(2, in, a), new Matrix(out, 2, b)));
    return new PeftAdapter(
        new AdapterConfig(
            2, 4, false, 0, new TreeSet<>(List.of("q_proj")), "tiny", base.weightsSha256()),
        modules);
  }

  private String publishedDataset() {
    var store = new DatasetStore(home.resolve("datasets"));
    var source =
        new DatasetVersion.Source(
            "/logs/desk.jsonl", "openai", "01".repeat(32), 100, 46, 0, 0, List.of());
    var none = new TreeMap<String, Long>();
    return store
        .publish(
            store.aside(),
            "desk",
            n ->
                new DatasetVersion(
                    "desk@" + n,
                    "desk",
                    n,
                    "cd".repeat(32),
                    base.name(),
                    base.tokenizerSha256(),
                    base.templateSha256(),
                    false,
                    List.of(source),
                    Map.of(),
                    46,
                    46,
                    none,
                    0,
                    none,
                    none,
                    none,
                    none,
                    none,
                    1840,
                    1600,
                    Map.of(),
                    1.0,
                    "2026-11-21T12:00:00Z"))
        .dataset();
  }
}
