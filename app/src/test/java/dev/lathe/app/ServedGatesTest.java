package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.api.EngineAnswers;
import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.GgufAdapter;
import dev.lathe.checkpoints.adapters.LoraPair;
import dev.lathe.checkpoints.adapters.Matrix;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.Pull;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.pipelines.jobs.Lineage;
import dev.lathe.pipelines.jobs.PromotionGates;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.GateResult;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.providers.llama.EngineSettings;
import dev.lathe.serving.providers.llama.LlamaEngines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * The gates over the engine that serves: an adapter trained by a real run, answered for by a real
 * engine process, from right files and from files that are wrong in one way each.
 */
@Tag("slow")
class ServedGatesTest {
  private static final List<String> THINGS =
      List.of("mill", "pump", "cup", "lamp", "bean", "tray", "hose", "lid");

  @TempDir static Path folder;
  private static Base base;
  private static DatasetVersion dataset;
  private static ModelVersion version;
  private static LlamaEngines engines;

  @BeforeAll
  static void aTrainedVersion() throws IOException {
    base = TinyBase.create(new BaseStore(folder.resolve("bases")));
    var lines = new StringBuilder();
    for (int i = 0; i < 150; i++) {
      var thing = THINGS.get(i % THINGS.size());
      lines.append(
          """
          {"messages":[{"role":"user","content":"Is order %d of the %s here?"},\
          {"role":"assistant","content":"Yes, the %s is in the order."}]}
          """
              .formatted(i, thing, thing));
    }
    var log = Files.writeString(folder.resolve("log.jsonl"), lines);
    lathe(
        "dataset",
        "build",
        log.toString(),
        "--name",
        "desk",
        "--base",
        "tiny",
        "--set",
        "test=0.2",
        "--set",
        "validation=0",
        "--set",
        "dedupe=off",
        "--set",
        "redact=none");
    var run =
        lathe(
            "train",
            "--base",
            "tiny",
            "--dataset",
            "desk@1",
            "--name",
            "desk",
            "--set",
            "steps=240",
            "--set",
            "batchTokens=600",
            "--set",
            "learningRate=0.01",
            "--set",
            "threads=1",
            "--set",
            "precision=fp32");
    var id = run.path("id").asString();
    dataset = new DatasetStore(folder.resolve("datasets")).require("desk@1");
    version =
        new ModelVersion(
            "desk@1",
            "desk",
            1,
            id,
            "desk@1",
            dataset.id(),
            "tiny",
            base.weightsSha256(),
            base.templateSha256(),
            List.of(),
            Map.of(),
            Map.of(),
            List.of(),
            folder.resolve("runs").resolve(id).toString(),
            null,
            Instant.EPOCH);
    engines = new LlamaEngines(folder.resolve("engines"), EngineSettings.defaults());
  }

  @AfterAll
  static void close() {
    engines.close();
  }

  @Test
  void aVersionServedAsTrainedIsPromotedByCommand() {
    var promoted = lathe("models", "promote", "desk@1", "--alias", "champion");
    assertThat(promoted.path("gates")).hasSize(3);
    for (var gate : promoted.path("gates")) {
      assertThat(gate.path("passed").asBoolean()).as(gate.toString()).isTrue();
    }
  }

  @Test
  void filesServedRightPass() throws IOException {
    var result = faithful("right", adapter(), ServedBase.of(base), base.folder());
    assertThat(result.passed()).as(result.found()).isTrue();
  }

  @Test
  void unpermutedRopeRowsAreRefused() throws IOException {
    refused("unpermuted", unpermuted(adapter()), base.folder());
  }

  @Test
  void aDoubledScaleIsRefused() throws IOException {
    var peft = adapter();
    var c = peft.config();
    var doubled =
        new AdapterConfig(
            c.rank(),
            2 * c.alpha(),
            c.rsLora(),
            c.dropout(),
            c.targets(),
            c.baseName(),
            c.baseSha256());
    refused("doubled", new PeftAdapter(doubled, peft.modules()), base.folder());
  }

  @Test
  void anotherChatTemplateIsRefused() throws IOException {
    var other = copied("other-template");
    Files.writeString(
        other.resolve("chat_template.jinja"),
        "{% for m in messages %}### {{ m['role'] }}: {{ m['content'] }}\n{% endfor %}### you:");
    refused("template", adapter(), other);
  }

  /**
   * A base file that calls the end of a turn something else: llama.cpp knows the usual names of
   * stop tokens by heart, and a token of such a name would end answers whatever the metadata says.
   */
  @Test
  void aMissingStopTokenIsRefused() throws IOException {
    var other = copied("other-end");
    try (var files = Files.list(other)) {
      for (var file : files.filter(f -> f.toString().matches(".*\\.(json|jinja)")).toList()) {
        var text = Files.readString(file).replace("<|im_end|>", "<|im_over|>");
        Files.writeString(
            file, text.replaceAll("\"eos_token_id\"\\s*:\\s*2", "\"eos_token_id\": 0"));
      }
    }
    assertThat(Files.readString(other.resolve("config.json"))).contains("\"eos_token_id\": 0");
    var unstopped =
        new Pull(new BaseStore(folder.resolve("bases"))).pull(other.toString(), p -> {});
    refused("stop", adapter(), unstopped);
  }

  private static void refused(String id, PeftAdapter adapter, Path baseFolder) throws IOException {
    refused(faithful(id, adapter, ServedBase.of(base), baseFolder));
  }

  private static void refused(String id, PeftAdapter adapter, Base served) throws IOException {
    refused(faithful(id, adapter, ServedBase.of(served), served.folder()));
  }

  private static void refused(GateResult result) {
    assertThat(result.passed()).as(result.found()).isFalse();
    assertThat(result.found()).as(result.found()).contains("positions the same");
  }

  private static GateResult faithful(String id, PeftAdapter adapter, Path gguf, Path baseFolder)
      throws IOException {
    var file = Files.createDirectories(folder.resolve("served")).resolve(id + ".gguf");
    GgufAdapter.write(adapter, base.config(), base.name(), file);
    var model = new LocalModel(id, gguf, file, baseFolder, 2048);
    var gates =
        new PromotionGates(
            folder.resolve("bases"),
            new DatasetStore(folder.resolve("datasets")),
            new Lineage() {
              @Override
              public ModelVersion first(String name) {
                return version;
              }

              @Override
              public Optional<ModelVersion> owner(Path path) {
                return Optional.empty();
              }
            },
            new EngineAnswers(engines, v -> model));
    var results = gates.judge(version, null, stage -> {});
    engines.unload(id);
    assertThat(results).extracting(GateResult::name).containsExactly("better", "kept", "faithful");
    assertThat(results.get(0).passed()).as(results.get(0).found()).isTrue();
    System.out.println(id + ": " + results.get(2).found());
    return results.get(2);
  }

  private static PeftAdapter adapter() {
    return PeftAdapter.read(Path.of(version.folder(), "adapter"));
  }

  /** An adapter whose file ends up with q and k rows as Hugging Face has them. */
  private static PeftAdapter unpermuted(PeftAdapter adapter) {
    var modules = new LinkedHashMap<String, LoraPair>();
    adapter
        .modules()
        .forEach(
            (name, pair) ->
                modules.put(
                    name,
                    name.endsWith("q_proj") || name.endsWith("k_proj")
                        ? new LoraPair(pair.a(), beforehand(pair.b()))
                        : pair));
    return new PeftAdapter(adapter.config(), modules);
  }

  /** Rows placed so that the writer's own permutation brings them back to where they were. */
  private static Matrix beforehand(Matrix b) {
    int width = base.config().headDim();
    int columns = b.columns();
    var values = new float[b.values().length];
    for (int row = 0; row < b.rows(); row++) {
      int at = row % width;
      int paired = at < width / 2 ? 2 * at : 2 * (at - width / 2) + 1;
      int from = row - at + paired;
      System.arraycopy(b.values(), from * columns, values, row * columns, columns);
    }
    return new Matrix(b.rows(), columns, values);
  }

  private static Path copied(String name) throws IOException {
    var copy = Files.createDirectories(folder.resolve(name));
    try (var files = Files.list(base.folder())) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private static JsonNode lathe(String... words) {
    var line = new ArrayList<>(List.of(words));
    line.add("--json");
    return CommandLineHome.run(new Home(folder), line.toArray(String[]::new)).done().json();
  }
}
