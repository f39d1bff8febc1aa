package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.CommandLineHome.Ran;
import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.store.ConversationJson;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.store.VersionFolder;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.ShardWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands around a run, with real run processes on the tiny base. */
class RunsTest {
  @TempDir static Path folder;

  @BeforeAll
  static void aBaseAndADataset() {
    var base = TinyBase.create(new BaseStore(folder.resolve("bases")));
    publish(base, folder);
    publish(base, folder, "chats", "ce".repeat(32), 10);
  }

  @Test
  void aRunIsTrainedShownComparedAndMeasured() {
    var trained = train("4", "--json");
    assertThat(trained.status()).as(trained.err()).isZero();
    var run = trained.json();
    assertThat(run.path("state").asString()).isEqualTo("completed");
    assertThat(run.path("step").asInt()).isEqualTo(4);
    assertThat(run.path("evalLoss").asDouble()).isLessThan(run.path("evalLossBefore").asDouble());
    assertThat(run.path("peakRssMiB").asLong()).isPositive();
    assertThat(run.path("checkpoints").size()).isPositive();
    assertThat(run.path("estimate").path("seconds").asDouble()).isPositive();
    for (var key :
        List.of(
            "base", "dataset", "model", "tokens", "labelTokens", "seconds", "version", "error")) {
      assertThat(run.has(key)).as(key).isTrue();
    }
    var id = run.path("id").asString();
    var version = run.path("version").asString();
    assertThat(version).startsWith("support@");
    var registered = run("models", "show", version, "--json").json();
    assertThat(registered.path("run").asString()).isEqualTo(id);
    assertThat(registered.path("files").valueStream().map(f -> f.path("path").asString()))
        .contains("adapter/adapter_model.safetensors", "serving/adapter.gguf", "README.md");
    assertThat(run("models", "verify", version, "--json").json().path("intact").asBoolean())
        .isTrue();
    var piece = id.substring(id.length() - 4);

    assertThat(run("runs", "show", piece, "--json").json()).isEqualTo(run);
    assertThat(run("runs", "list").out()).contains(id, "completed");
    assertThat(run("runs", "watch", piece).out()).contains("completed");
    var refused = run("runs", "resume", id);
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err()).contains("complete");

    var again = run("runs", "reproduce", id, "--json");
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(again.json().path("same").asBoolean()).isTrue();
    assertThat(again.json().path("againSha256")).isEqualTo(run.path("adapterSha256"));
    assertThat(again.json().path("losses").path("equal").asInt()).isEqualTo(4);
    assertThat(again.json().path("differences").size()).isZero();
    assertThat(
            run("runs", "show", again.json().path("run").asString(), "--json")
                .json()
                .path("version")
                .isNull())
        .as("a reproduction becomes no version")
        .isTrue();

    var other = train("3", "--json").json().path("id").asString();
    assertThat(run("runs", "compare", id, other).out()).contains("recipe.steps", "evalLoss");
    assertThat(run("runs", "compare", id, other, "--json").json().path("items").size())
        .isEqualTo(2);

    var base = run("eval", "tiny", "--dataset", "desk", "--json").json();
    var words = "--dataset desk@1 --by length,metadata.day --answers 2 --answer-tokens 8";
    var tuned = run(("eval " + id + " " + words + " --json").split(" ")).json();
    assertThat(tuned.path("slices").properties()).hasSize(2);
    assertThat(tuned.path("worst").size()).isPositive();
    assertThat(tuned.path("answers").path("items").size()).isEqualTo(2);
    assertThat(base.path("slices").properties()).hasSize(4);
    assertThat(base.path("answers").isNull()).isTrue();
    assertThat(run(("eval " + id + " " + words).split(" ")).out())
        .contains("LENGTH", "METADATA.DAY", "unknown", "THE HIGHEST LOSS", "exact match");
    assertThat(tuned.path("loss").asDouble()).isLessThan(base.path("loss").asDouble());
    assertThat(tuned.path("loss").asDouble())
        .isCloseTo(run.path("evalLoss").asDouble(), org.assertj.core.data.Offset.offset(1e-3));
  }

  @Test
  void aRunOfOneTerminalIsStoppedAndResumedFromAnother() throws Exception {
    var first = CompletableFuture.supplyAsync(() -> train("200", "--json"));
    String id = "";
    for (int i = 0; i < 600 && id.isEmpty(); i++) {
      Thread.sleep(50);
      for (var run : run("runs", "list", "--json").json().path("items")) {
        if (run.path("steps").asInt(0) == 200 && run.path("step").asInt() > 1) {
          id = run.path("id").asString();
        }
      }
    }
    assertThat(id).as("the run takes steps").isNotEmpty();

    var stopped = run("runs", "stop", id, "--json");

    assertThat(stopped.status()).as(stopped.err()).isZero();
    assertThat(stopped.json().path("state").asString()).isEqualTo("stopped");
    var told = first.get(30, TimeUnit.SECONDS);
    assertThat(told.status()).isZero();
    assertThat(told.json().path("state").asString()).isEqualTo("stopped");

    var resumed = run("runs", "resume", id, "--json");
    assertThat(resumed.status()).as(resumed.err()).isZero();
    assertThat(resumed.json().path("state").asString()).isEqualTo("completed");
    assertThat(resumed.err()).contains("goes on behind step");
  }

  @Test
  void whatARunWouldTakeIsToldWithoutOne() {
    int before = run("runs", "list", "--json").json().path("items").size();
    var told = train("5", "--dry-run", "--json");
    assertThat(told.status()).as(told.err()).isZero();
    assertThat(told.json().path("steps").asInt()).isEqualTo(5);
    assertThat(told.json().path("memoryMiB").asLong()).isBetween(50L, 5_000L);
    assertThat(told.json().path("parts").asInt()).isEqualTo(1);
    assertThat(run("runs", "list", "--json").json().path("items").size()).isEqualTo(before);
  }

  @Test
  void answersAreTakenWhileItTrains() throws Exception {
    var prompts = Files.writeString(folder.resolve("prompts.txt"), "Is it open?\n\nWho, then?\n");
    var samples = "samplePrompts=" + prompts;
    var plain = train("3", "--json").json();
    var asked =
        train("3", "--json", "--set", samples, "--set", "sampleEvery=2", "--set", "sampleTokens=4");
    assertThat(asked.err()).contains("step 2: Is it open?", "step 3: Who, then?");
    var run = asked.json();
    assertThat(run.path("samples").valueStream().map(s -> s.path("step").asInt()))
        .containsExactly(0, 0, 2, 2, 3, 3);
    assertThat(run.path("adapterSha256")).isEqualTo(plain.path("adapterSha256"));
  }

  @Test
  void aMixtureIsTrainedRegisteredWithAllItsDatasetsAndReproduced() {
    var mixed = train("5", "--dataset", "desk:3,chats@1:1", "--json");
    assertThat(mixed.status()).as(mixed.err()).isZero();
    assertThat(mixed.err()).contains("of the label tokens: desk@1 75.0 % (", "chats@1 25.0 % (");
    var run = mixed.json();
    assertThat(run.path("dataset").asString()).isEqualTo("desk@1:3,chats@1:1");
    var datasets = run.path("estimate").path("datasets");
    assertThat(datasets.path(1).path("dataset").asString()).isEqualTo("chats@1");
    assertThat(datasets.path(1).path("share").asDouble()).isEqualTo(0.25);
    assertThat(datasets.path(1).path("passes").asDouble()).isPositive();
    var figures = run.path("figures");
    assertThat(run.path("evalLoss").asDouble())
        .isCloseTo(
            0.75 * figures.path("evalLoss/desk@1").asDouble()
                + 0.25 * figures.path("evalLoss/chats@1").asDouble(),
            org.assertj.core.data.Offset.offset(1e-9));
    var id = run.path("id").asString();
    assertThat(run("runs", "show", id).out()).contains("on chats@1", "25.0 % of what is learnt");

    var version = run("models", "show", run.path("version").asString(), "--json").json();
    assertThat(version.path("dataset").asString()).isEqualTo("desk@1:3,chats@1:1");
    assertThat(version.path("datasets").valueStream().map(d -> d.path("id").asString()))
        .containsExactly("cd".repeat(32), "ce".repeat(32));
    assertThat(run("models", "show", run.path("version").asString()).out())
        .contains("chats@1, weight 1.0  " + "ce".repeat(32));

    var again = run("runs", "reproduce", id, "--json");
    assertThat(again.status()).as(again.err()).isZero();
    assertThat(again.json().path("same").asBoolean()).isTrue();

    var twice = train("5", "--dataset", "desk,desk@1");
    assertThat(twice.status()).isEqualTo(2);
    assertThat(twice.err()).contains("a dataset stands twice in the mixture: desk@1");
  }

  @Test
  void whatCannotBeTrainedIsSaid() {
    var base = run("train", "--base", "tiniest", "--dataset", "desk@1", "--name", "x");
    assertThat(base.status()).isEqualTo(2);
    assertThat(base.err()).contains("tiniest", "tiny");
    var dataset = run("train", "--base", "tiny", "--dataset", "desc@1", "--name", "x");
    assertThat(dataset.status()).isEqualTo(2);
    assertThat(dataset.err()).contains("Did you mean 'desk'?");
    var key =
        run("train", "--base", "tiny", "--dataset", "desk@1", "--name", "x", "--set", "step=4");
    assertThat(key.status()).isEqualTo(2);
    assertThat(key.err()).contains("Did you mean 'steps'?");
    var unknown = run("runs", "show", "nothing");
    assertThat(unknown.status()).isEqualTo(2);
    assertThat(unknown.err()).contains("no such run");
  }

  private static Ran train(String steps, String... more) {
    var line = new java.util.ArrayList<>(List.of("train", "--base", "tiny", "--name", "support"));
    if (!List.of(more).contains("--dataset")) {
      line.addAll(List.of("--dataset", "desk@1"));
    }
    for (var set :
        List.of(
            "steps=" + steps,
            "batchTokens=128",
            "learningRate=0.01",
            "threads=1",
            "precision=fp32",
            "checkpointEvery=100")) {
      line.addAll(List.of("--set", set));
    }
    line.addAll(List.of(more));
    return run(line.toArray(String[]::new));
  }

  private static Ran run(String... arguments) {
    return CommandLineHome.run(new Home(folder), arguments);
  }

  /** A dataset {@code desk@1} that can be learnt. */
  static void publish(Base base, Path folder) {
    publish(base, folder, "desk", "cd".repeat(32), 40);
  }

  private static void publish(Base base, Path folder, String name, String id, int examples) {
    var store = new DatasetStore(folder.resolve("datasets"));
    var aside = store.aside();
    shard(aside.shard(Split.TRAIN), base, examples);
    shard(aside.shard(Split.VALIDATION), base, 6);
    conversations(aside, Split.TRAIN, base, 40);
    conversations(aside, Split.VALIDATION, base, 6);
    var part = new DatasetVersion.Part(40, 40, 1600, 1400);
    store.publish(
        aside,
        name,
        n ->
            new DatasetVersion(
                name + "@" + n,
                name,
                n,
                id,
                base.name(),
                base.tokenizerSha256(),
                base.templateSha256(),
                false,
                List.of(),
                Map.of(),
                46,
                46,
                new TreeMap<>(),
                0,
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                new TreeMap<>(),
                1840,
                1600,
                Map.of("train", part, "validation", new DatasetVersion.Part(6, 6, 240, 200)),
                1.0,
                "2026-11-21T12:00:00Z"));
    assertThat(Files.isDirectory(folder.resolve("datasets").resolve(name).resolve("1"))).isTrue();
  }

  private static void conversations(VersionFolder folder, Split split, Base base, int examples) {
    try (var out = new GZIPOutputStream(Files.newOutputStream(folder.conversations(split)))) {
      for (int i = 0; i < examples; i++) {
        var messages = List.of(Message.of(Role.USER, "q"), Message.of(Role.ASSISTANT, "a" + i));
        var origin = new Conversation.Origin("made", i + 1);
        out.write(
            ConversationJson.write(
                new Conversation("c" + i, messages, List.of(), null, null, origin, Map.of())));
        out.write('\n');
      }
      if (!Files.exists(folder.template())) {
        Files.copy(base.chatTemplate(), folder.template());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Conversations that can be learnt: the same few words again and again. */
  private static void shard(Path file, Base base, int examples) {
    try (var out = new ShardWriter(file, base.tokenizerSha256(), base.templateSha256())) {
      for (int i = 0; i < examples; i++) {
        int n = 30 + i % 7;
        var ids = new int[n];
        var labelled = new BitSet(n);
        for (int t = 0; t < n; t++) {
          ids[t] = 10 + (i + t) % 7;
          labelled.set(t, t > 5);
        }
        out.add(new Example("c" + i, ids, labelled, "made", ""));
      }
      out.finish();
    }
  }
}
