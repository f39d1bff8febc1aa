package dev.lathe.registry.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.registry.Made;
import dev.lathe.registry.TestDatabase;
import dev.lathe.registry.audit.AuditLog;
import dev.lathe.registry.audit.Decision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the registry of versions promises, on every database. */
abstract class ModelRegistryContract {
  private static final Decision DECISION = new Decision("ada", "because");

  @TempDir Path folder;
  private TestDatabase database;
  private ModelRegistry models;

  /** A fresh database. */
  abstract TestDatabase fresh(Path folder);

  @BeforeEach
  void open() {
    database = fresh(folder);
    models = server();
  }

  @AfterEach
  void close() {
    database.close();
  }

  private ModelRegistry server() {
    var c = database.connect();
    return new ModelRegistry(
        c.client(), c.transactions(), folder.resolve("models"), Clock.systemUTC());
  }

  @Test
  void aVersionKeepsEverythingItCameFrom() {
    var made = Made.by("run-1", "support", models.aside("run-1"));

    var version = models.register(made);

    assertThat(version.version()).isEqualTo("support@1");
    assertThat(version.sources()).isEqualTo(made.sources());
    assertThat(version.recipe()).isEqualTo(made.recipe());
    assertThat(version.metrics()).isEqualTo(made.metrics());
    assertThat(version.files())
        .extracting(ModelVersion.File::path)
        .containsExactly(
            "adapter/adapter_config.json",
            "adapter/adapter_model.safetensors",
            "serving/adapter.gguf",
            "README.md");
    assertThat(version.files())
        .allSatisfy(
            f -> {
              var file = Path.of(version.folder()).resolve(f.path());
              assertThat(Files.size(file)).isEqualTo(f.bytes());
              assertThat(Sha256.of(file)).isEqualTo(f.sha256());
            });
    assertThat(Path.of(version.folder())).isEqualTo(folder.resolve("models/support/1"));
    assertThat(models.aside("run-1")).doesNotExist();
    assertThat(server().find("support@1")).contains(version);
    assertThat(models.ofRun("run-1")).contains(version);
    assertThat(models.versions("support")).containsExactly(version);
    assertThat(models.names()).containsExactly("support");
  }

  @Test
  void theCardTellsTheLineageToPeople() throws Exception {
    var version = Made.registered(models, "run-1", "support");

    var card = Files.readString(Path.of(version.folder()).resolve("README.md"));

    assertThat(card)
        .startsWith("---\nlibrary_name: peft\nbase_model: tiny\n")
        .contains("# support@1", "run-1", "desk@1", "01".repeat(32), "desk \\| one.jsonl")
        .contains("evalLoss | 1.5", "rank | 8", "adapter/adapter_model.safetensors");
  }

  @Test
  void aRunBecomesOneVersionHoweverOftenItIsRegistered() {
    var first = Made.registered(models, "run-1", "support");

    assertThat(Made.registered(models, "run-1", "support")).isEqualTo(first);
    assertThat(Made.registered(server(), "run-1", "support")).isEqualTo(first);
    assertThat(models.versions("support")).hasSize(1);
    assertThat(models.aside("run-1")).doesNotExist();
    assertThat(models.verify("support@1").intact()).isTrue();
  }

  @Test
  void manyThatRegisterAtOnceGetTheNumbersOneAfterTheOther() throws Exception {
    var servers = List.of(models, server());
    var tasks = new ArrayList<Callable<ModelVersion>>();
    for (int i = 0; i < 24; i++) {
      var name = i % 3 == 0 ? "billing" : "support";
      var run = "run-" + (i % 12); // each from both servers
      var where = folder.resolve("models/.made-" + i);
      var server = servers.get(i / 12);
      tasks.add(() -> server.register(Made.by(run, name, where)));
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var done : threads.invokeAll(tasks)) {
        done.get();
      }
    }

    assertThat(models.versions("billing")).hasSize(4);
    assertThat(models.versions("support"))
        .extracting(ModelVersion::number)
        .containsExactly(8, 7, 6, 5, 4, 3, 2, 1);
    var runs = new HashSet<String>();
    for (var name : models.names()) {
      for (var v : models.versions(name)) {
        assertThat(runs.add(v.run())).isTrue();
        assertThat(models.verify(v.version()).differences()).as(v.version()).isEmpty();
      }
    }
    try (var left = Files.list(folder.resolve("models"))) {
      assertThat(left.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("support", "billing");
    }
  }

  @Test
  void aFolderWhoseRegistrationDiedIsReplaced() throws Exception {
    var dead = folder.resolve("models/support/1");
    Files.createDirectories(dead);
    Files.writeString(dead.resolve("half"), "half");

    Made.registered(models, "run-1", "support");

    assertThat(models.verify("support@1").differences()).isEmpty();
  }

  @Test
  void aMixtureIsKeptWithAllItsDatasets() throws Exception {
    var made = Made.by("run-1", "support", models.aside("run-1"));
    var datasets =
        List.of(
            new ModelVersion.Dataset("desk@1", "cd".repeat(32), 0.7),
            new ModelVersion.Dataset("chats@2", "ce".repeat(32), 0.3));
    var version =
        models.register(
            new NewVersion(
                made.name(),
                made.run(),
                "desk@1:0.7,chats@2:0.3",
                "aa".repeat(32),
                datasets,
                made.base(),
                made.baseSha256(),
                made.templateSha256(),
                made.sources(),
                made.recipe(),
                made.metrics(),
                made.files(),
                made.codeVersion()));
    assertThat(version.datasets()).isEqualTo(datasets);
    assertThat(models.require("support@1")).isEqualTo(version);
    assertThat(Files.readString(Path.of(version.folder()).resolve("README.md")))
        .contains("| dataset | chats@2, weight 0.3 | " + "ce".repeat(32));
    assertThat(Made.registered(models, "run-2", "support").datasets())
        .containsExactly(new ModelVersion.Dataset("desk@1", "cd".repeat(32), null));
  }

  @Test
  void aRegistrationThatFailsLeavesItsFilesForTheNextTry() {
    var made = Made.by("run-1", "support", models.aside("run-1"));
    var broken =
        new NewVersion(
            "support",
            "run-1",
            "d".repeat(5000), // more than the column takes
            made.datasetId(),
            "tiny",
            "ab",
            "ef",
            List.of(),
            made.recipe(),
            made.metrics(),
            made.files(),
            null);
    assertThatThrownBy(() -> models.register(broken)).isInstanceOf(RuntimeException.class);
    assertThat(models.find("support@1")).isEmpty();

    var version = models.register(made);

    assertThat(version.version()).isEqualTo("support@1");
    assertThat(models.verify("support@1").differences()).isEmpty();
  }

  @Test
  void verifyingNamesEveryFileThatDiffers() throws Exception {
    var version = Made.registered(models, "run-1", "support");
    var root = Path.of(version.folder());
    Files.writeString(root.resolve("adapter/adapter_model.safetensors"), "other weights");
    Files.delete(root.resolve("serving/adapter.gguf"));
    Files.writeString(root.resolve("adapter/more"), "more");

    var found = models.verify("support@1");

    assertThat(found.intact()).isFalse();
    assertThat(found.differences())
        .extracting(Verification.Difference::words)
        .satisfiesExactlyInAnyOrder(
            w -> assertThat(w).contains("adapter_model.safetensors has the hash"),
            w -> assertThat(w).isEqualTo("serving/adapter.gguf is missing"),
            w -> assertThat(w).contains("adapter/more was not there"));
  }

  @Test
  void aReferenceThatNamesNothingSaysWhatIsThere() {
    assertThatThrownBy(() -> models.require("support@1"))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("There is none yet");
    Made.registered(models, "run-1", "support");
    assertThat(models.require("support").number()).isEqualTo(1);
    Made.registered(models, "run-2", "support");

    assertThatThrownBy(() -> models.require("suport@1"))
        .hasMessageContaining("Did you mean 'support'?");
    assertThatThrownBy(() -> models.require("support@9"))
        .hasMessageContaining("There is support@2, support@1.");
    assertThatThrownBy(() -> models.require("support"))
        .hasMessageContaining("not clear which version");
    assertThatThrownBy(() -> models.require("support@champion"))
        .hasMessageContaining("./lathe models promote support@2 --alias champion");
    for (var bad : List.of("", "@", "support@", "support@1@2", "../x", "Support", "support@0")) {
      assertThatThrownBy(() -> models.require(bad)).as(bad).isInstanceOf(BadInput.class);
      assertThat(models.find(bad)).isEmpty();
    }
  }

  @Test
  void tagsAreNotedAndTheAuditKnowsByWhom() {
    var version = Made.registered(models, "run-1", "support");

    models.tag(version, "owner", "desk team", DECISION);
    models.tag(version, "owner", "billing team", DECISION);
    models.tag(version, "stage", "trial", DECISION);
    models.tag(version, "stage", "", DECISION);

    assertThat(models.tags(version)).containsOnly(Map.entry("owner", "billing team"));
    assertThatThrownBy(() -> models.tag(version, "a b", "x", DECISION))
        .isInstanceOf(BadInput.class);
    assertThatThrownBy(() -> models.tag(version, "note", "x\0y", DECISION))
        .isInstanceOf(BadInput.class);
    var audit = new AuditLog(database.connect().client(), Clock.systemUTC()).newest("support", 10);
    assertThat(audit)
        .extracting(AuditLog.Entry::action)
        .containsExactly("tag", "tag", "tag", "tag", "register");
    assertThat(audit.getFirst().by()).isEqualTo("ada");
  }
}
