package dev.lathe.pipelines.training;

import static dev.lathe.pipelines.training.RunProcesses.adapter;
import static dev.lathe.pipelines.training.RunProcesses.finish;
import static dev.lathe.pipelines.training.RunProcesses.isStep;
import static dev.lathe.pipelines.training.RunProcesses.kill;
import static dev.lathe.pipelines.training.RunProcesses.losses;
import static dev.lathe.pipelines.training.RunProcesses.records;
import static dev.lathe.pipelines.training.RunProcesses.start;
import static dev.lathe.pipelines.training.RunProcesses.waitFor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.ShardWriter;
import dev.lathe.pipelines.supervision.ProcessIdentity;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Real run processes on the tiny base, killed with SIGKILL wherever it hurts. */
class KillTest {
  @TempDir static Path home;
  private static Base base;
  private static String undisturbed;
  private static List<Double> losses;

  @BeforeAll
  static void aRunThatIsNeverKilled() throws Exception {
    base = TinyBase.create(new BaseStore(home.resolve("bases")));
    var me = ProcessIdentity.current();
    Durable.write(home.resolve("owner.json"), JsonMapper.builder().build().writeValueAsBytes(me));
    shard("dataset", "train", 40, 1);
    shard("dataset", "validation", 6, 2);
    var run = run("20260101-0000-aaaa");
    assertThat(finish(start(run))).isZero();
    undisturbed = adapter(run);
    losses = losses(run);
    assertThat(losses).hasSize(10);
    assertThat(losses.getLast()).isLessThan(losses.getFirst());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7})
  void killedAfterAStepItEndsWithTheSameAdapterAndLosses(int step) throws Exception {
    endsAlikeWhenKilledAfter(step);
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5, 9})
  void killedAfterAnyOtherStepToo(int step) throws Exception {
    endsAlikeWhenKilledAfter(step);
  }

  private static void endsAlikeWhenKilledAfter(int step) throws Exception {
    var run = run("20260101-000" + step + "-kkkk");
    var process = start(run);
    kill(process, () -> records(run).stream().anyMatch(r -> isStep(r, step)));
    assertThat(finish(start(run))).isZero();
    assertThat(adapter(run)).isEqualTo(undisturbed);
    assertThat(losses(run)).isEqualTo(losses);
  }

  @Test
  void killedWhileACheckpointIsWrittenItEndsWithTheSameAdapter() throws Exception {
    var run = run("20260101-0009-kkkk");
    for (int attempt = 0; attempt < 3; attempt++) {
      var process = start(run);
      kill(process, () -> writing(run) || !process.isAlive());
    }
    assertThat(finish(start(run))).isZero();
    assertThat(adapter(run)).isEqualTo(undisturbed);
  }

  @Test
  void stoppedAtACheckpointAndResumedItEndsWithTheSameAdapter() throws Exception {
    var run = run("20260101-0010-ssss");
    var process = start(run);
    waitFor(() -> records(run).stream().anyMatch(r -> isStep(r, 2)));
    run.control().requestStop();
    assertThat(finish(process)).isZero();
    var ended = records(run).getLast();
    if (ended.text("state").orElseThrow().equals("stopped")) {
      assertThat(Files.exists(run.adapter())).isFalse();
      assertThat(finish(start(run))).isZero();
    }
    assertThat(adapter(run)).isEqualTo(undisturbed);
  }

  @Test
  void terminatedItWritesACheckpointAndGoesOnWithTheSameAdapter() throws Exception {
    var run = run("20260101-0013-tttt");
    var process = start(run);
    waitFor(() -> records(run).stream().anyMatch(r -> isStep(r, 2)));
    process.destroy();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(records(run).getLast().type()).isEqualTo("ended");
    assertThat(Files.exists(run.path().resolve("crash.log"))).isFalse();
    if (!Files.exists(run.adapter())) {
      assertThat(finish(start(run))).isZero();
    }
    assertThat(adapter(run)).isEqualTo(undisturbed);
  }

  @Test
  void aSecondProcessIsRefusedWhileTheFirstTrains() throws Exception {
    var run = run("20260101-0011-llll");
    var first = start(run);
    waitFor(() -> records(run).stream().anyMatch(r -> isStep(r, 1)));
    var second = start(run);
    assertThat(finish(second)).isEqualTo(2);
    assertThat(finish(first)).isZero();
    assertThat(adapter(run)).isEqualTo(undisturbed);
  }

  @Test
  void damagedCheckpointsAreNoReasonToStartFromNothing() throws Exception {
    var run = run("20260101-0012-dddd");
    var process = start(run);
    kill(process, () -> records(run).stream().anyMatch(r -> isStep(r, 3)));
    try (var folders = Files.list(run.checkpoints())) {
      for (var folder :
          folders.filter(f -> f.getFileName().toString().startsWith("step-")).toList()) {
        Files.write(folder.resolve("optimizer.safetensors"), new byte[] {1, 2, 3});
      }
    }
    assertThat(finish(start(run))).isEqualTo(2);
    assertThat(records(run).getLast().text("error").orElseThrow())
        .contains("Every checkpoint of the run is damaged");
  }

  @Tag("slow")
  @Test
  void aCutThatMemoryAskedForIsMadeAgainByEveryResume() throws Exception {
    var once = cutBehindItsCheckpoint("20260101-0016-mmmm");
    assertThat(finish(start(once))).isZero();
    var again = cutBehindItsCheckpoint("20260101-0017-mmmm");
    kill(again, 22);
    kill(again, 25);
    assertThat(finish(start(again))).isZero();

    assertThat(adapter(again)).isEqualTo(adapter(once));
    assertThat(losses(again)).isEqualTo(losses(once)).hasSize(30);
    var told = records(again).stream().filter(r -> r.type().equals("cut")).toList();
    assertThat(told).hasSize(1);
    assertThat(told.getFirst().fields())
        .isEqualTo(Map.of("fromStep", 20, "parts", 2, "blocks", false));
    assertThat(records(again).stream().map(r -> r.text("message").orElse("")))
        .contains("it died")
        .anyMatch(
            m -> m.contains("micro-batches of 120 tokens are computed in parts of at most 60"));
  }

  /** A run that was killed behind its only checkpoint and started again because memory ran out. */
  private static RunDirectory cutBehindItsCheckpoint(String id) throws Exception {
    var run =
        run(
            id,
            "dataset",
            Map.of("steps", 30, "checkpointEvery", 20, "gradientCheckpointing", "none"));
    kill(start(run), () -> records(run).stream().anyMatch(r -> r.type().equals("checkpoint")));
    var process = start(run, "--ran-out", "--because", "it died");
    kill(process, () -> records(run).stream().anyMatch(r -> r.type().equals("cut")));
    return run;
  }

  /** In its second pass, so that one process has seen the reference that the other finds anew. */
  @Test
  void pairsTooEndWithTheSameAdapterAndLosses() throws Exception {
    preferencesEndAlike("dpo");
  }

  @Tag("slow")
  @Test
  void judgedAnswersTooEndWithTheSameAdapterAndLosses() throws Exception {
    preferencesEndAlike("kto");
  }

  private static void preferencesEndAlike(String objective) throws Exception {
    var examples = home.resolve("preferences/examples");
    PreferenceShards.write(examples.resolve("train.shard"), base, 8, 3);
    PreferenceShards.write(examples.resolve("validation.shard"), base, 3, 4);
    var more = Map.<String, Object>of("objective", objective, "steps", 6);
    var whole = run("20260101-0014-" + objective + "w", "preferences", more);
    assertThat(finish(start(whole))).isZero();
    var killed = run("20260101-0014-" + objective + "k", "preferences", more);
    var process = start(killed);
    kill(process, () -> records(killed).stream().anyMatch(r -> isStep(r, 4)));
    assertThat(finish(start(killed))).isZero();
    assertThat(adapter(killed)).isEqualTo(adapter(whole));
    assertThat(losses(killed)).isEqualTo(losses(whole)).hasSize(6);

    var shared = new HashMap<>(more);
    shared.put("device", "cpu,cpu");
    var both = run("20260101-0014-" + objective + "b", "preferences", shared);
    assertThat(finish(start(both))).isZero();
    for (int step = 1; step <= 2; step++) {
      var found = figures(both, step);
      figures(whole, step)
          .forEach((name, value) -> assertThat(found.get(name)).isCloseTo(value, within(0.02)));
    }
  }

  /** What a step tells of losses and answers. */
  private static Map<String, Double> figures(RunDirectory run, int step) {
    var record = records(run).stream().filter(r -> isStep(r, step)).findFirst().orElseThrow();
    var figures = new TreeMap<String, Double>();
    for (var name : record.fields().keySet()) {
      if (name.equals("loss") || name.startsWith("rewards/") || name.startsWith("logps/")) {
        figures.put(name, record.number(name).orElseThrow());
      }
    }
    assertThat(figures).hasSizeGreaterThan(3);
    return figures;
  }

  /** And what comes out can be measured, and gone on with. */
  @Tag("slow")
  @Test
  void aWholeModelTooEndsWithTheSameWeightsAndLosses() throws Exception {
    var more =
        Map.<String, Object>of(
            "adapter", "full", "learningRate", 1e-3, "steps", 6, "evalEvery", 2, "result", "best");
    var whole = run("20260101-0017-full", "dataset", more);
    assertThat(finish(start(whole))).isZero();
    var killed = run("20260101-0018-full", "dataset", more);
    kill(killed, 3);
    assertThat(finish(start(killed))).isZero();
    assertThat(adapter(killed)).isEqualTo(adapter(whole));
    assertThat(losses(killed)).isEqualTo(losses(whole)).hasSize(6);
    assertThat(losses(whole).getLast()).isLessThan(losses(whole).getFirst());

    var onward =
        Map.<String, Object>of(
            "adapter", "full", "steps", 1, "initFrom", whole.model().toString(), "evalEvery", 0);
    var next = run("20260101-0019-full", "dataset", onward);
    assertThat(finish(start(next))).isZero();
    var ended = records(whole).getLast().number("evalLoss").orElseThrow();
    assertThat(records(next).getLast().number("evalLossBefore").orElseThrow())
        .isCloseTo(ended, within(0.02));
    var shard = home.resolve("dataset/examples/validation.shard");
    var found =
        EvaluateMain.evaluate(
            new EvaluateMain.Request(
                home.resolve("bases").toString(),
                base.name(),
                whole.model().toString(),
                shard.toString(),
                Map.of()));
    assertThat(found.loss()).isCloseTo(ended, within(0.02));
  }

  @Tag("slow")
  @Test
  void aDoraOnAPackedBaseTooEndsWithTheSameAdapterAndLosses() throws Exception {
    var more =
        Map.<String, Object>of("adapter", "dora", "baseFormat", "nf4", "dropout", 0, "steps", 6);
    var whole = run("20260101-0015-dora", "dataset", more);
    assertThat(finish(start(whole))).isZero();
    var killed = run("20260101-0016-dora", "dataset", more);
    kill(killed, 3);
    assertThat(finish(start(killed))).isZero();
    assertThat(adapter(killed)).isEqualTo(adapter(whole));
    assertThat(losses(killed)).isEqualTo(losses(whole)).hasSize(6);
    assertThat(losses(whole).getLast()).isLessThan(losses(whole).getFirst());
  }

  @Test
  void twoProcessesThatShareEveryStepLearnWhatOneLearnsWhicheverIsKilled() throws Exception {
    var alone = run("20260101-0020-aaaa", "dataset", Map.of("steps", 6, "threads", 1));
    assertThat(finish(start(alone))).isZero();
    var more = Map.<String, Object>of("steps", 6, "device", "cpu,cpu", "threads", 2);
    var whole = run("20260101-0020-both", "dataset", more);
    assertThat(finish(start(whole))).isZero();
    var expected = losses(alone);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(losses(whole).get(i)).isCloseTo(expected.get(i), within(2e-3)); // bf16
    }

    var killed = run("20260101-0020-kill", "dataset", more);
    var process = start(killed);
    waitFor(() -> records(killed).stream().anyMatch(r -> isStep(r, 2)));
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    assertThat(finish(process)).isEqualTo(137); // from which the supervisor goes on
    assertThat(records(killed)).noneMatch(r -> r.type().equals("ended"));
    var again = start(killed);
    waitFor(() -> records(killed).stream().anyMatch(r -> isStep(r, 4)));
    var replicas = again.descendants().toList();
    assertThat(replicas).hasSize(1);
    again.destroyForcibly().waitFor();
    waitFor(() -> replicas.stream().noneMatch(ProcessHandle::isAlive));
    assertThat(finish(start(killed))).isZero();
    assertThat(adapter(killed)).isEqualTo(adapter(whole));
    assertThat(losses(killed)).isEqualTo(losses(whole)).hasSize(6);
  }

  /** Behind the end of an epoch, which the larger part has not seen whole. */
  @Test
  void aMixtureTooEndsWithTheSameAdapterAndLosses() throws Exception {
    shard("few", "train", 8, 5);
    shard("few", "validation", 3, 6);
    var more = Map.<String, Object>of("steps", 12, "evalEvery", 4);
    var whole = run("20260101-0020-mixw", mixture(), more);
    assertThat(finish(start(whole))).isZero();
    var killed = run("20260101-0021-mixk", mixture(), more);
    kill(killed, 9);
    assertThat(finish(start(killed))).isZero();
    assertThat(adapter(killed)).isEqualTo(adapter(whole));
    assertThat(losses(killed)).isEqualTo(losses(whole)).hasSize(12);
    assertThat(losses(whole)).isNotEqualTo(losses);

    assertThat(records(whole).stream().map(r -> r.text("message").orElse("")))
        .anyMatch(m -> m.startsWith("A mixture; of the label tokens: made@1 25.0 % ("))
        .noneMatch(m -> m.contains("too low"));
    var evaluated = records(whole).stream().filter(r -> r.type().equals("eval")).toList().getLast();
    double made = evaluated.number("loss/made@1").orElseThrow();
    double few = evaluated.number("loss/few@2").orElseThrow();
    assertThat(evaluated.number("loss").orElseThrow())
        .isCloseTo(0.25 * made + 0.75 * few, within(1e-12));
  }

  private static RunSpec.DatasetRef mixture() {
    var folder = home.resolve("dataset").toString();
    return new RunSpec.DatasetRef(
        "made@1:1,few@2:3",
        "01",
        folder,
        List.of(
            new RunSpec.DatasetRef.Part("made@1", "0", folder, 1.0),
            new RunSpec.DatasetRef.Part("few@2", "1", home.resolve("few").toString(), 3.0)));
  }

  /** Embeddings trained whole go through native memory. */
  @Test
  void whatIsTrainedWholeTooEndsWithTheSameAdapterAndLosses() throws Exception {
    var more =
        Map.<String, Object>of(
            "modulesToSave", "embed_tokens", "steps", 6, "evalEvery", 2, "result", "best");
    var whole = run("20260101-0023-save", "dataset", more);
    assertThat(finish(start(whole))).isZero();
    var killed = run("20260101-0024-save", "dataset", more);
    kill(killed, 3);
    assertThat(finish(start(killed))).isZero();
    assertThat(adapter(killed)).isEqualTo(adapter(whole));
    assertThat(losses(killed)).isEqualTo(losses(whole)).hasSize(6);
    assertThat(losses(whole).getLast()).isLessThan(losses(whole).getFirst());
    var saved = PeftAdapter.read(whole.adapter());
    assertThat(saved.config().modulesToSave()).containsExactly("embed_tokens");
    assertThat(saved.config().tied()).isTrue();
  }

  private static RunDirectory run(String id) {
    return run(id, "dataset", Map.of());
  }

  private static RunDirectory run(String id, String dataset, Map<String, Object> more) {
    var folder = home.resolve(dataset).toString();
    return run(id, new RunSpec.DatasetRef("made@1", "0", folder), more);
  }

  private static RunDirectory run(String id, RunSpec.DatasetRef dataset, Map<String, Object> more) {
    var run = RunDirectory.of(home.resolve("runs").resolve(id));
    // Everything that is drawn by chance is drawn here: dropout and noise come back with a resume.
    var keys =
        new HashMap<String, Object>(
            Map.of(
                "steps", 10,
                "learningRate", 1e-2,
                "batchTokens", 120,
                "accumulate", 2,
                "checkpointEvery", 1,
                "evalEvery", 4,
                "rank", 4,
                "dropout", 0.1,
                "neftune", 5,
                "loraPlusRatio", 4));
    keys.putAll(more);
    if ("full".equals(more.get("adapter"))) {
      keys.keySet().removeAll(List.of("rank", "dropout", "loraPlusRatio"));
    }
    var recipe = Recipe.of(keys);
    run.create(
        new RunSpec(
            id,
            "tiny",
            new RunSpec.BaseRef(base.name(), base.weightsSha256(), base.folder().toString()),
            dataset,
            recipe.toMap(),
            Instant.EPOCH,
            "test"));
    return run;
  }

  private static boolean writing(RunDirectory run) {
    try (var entries = Files.newDirectoryStream(run.checkpoints(), ".writing-*")) {
      return entries.iterator().hasNext();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Conversations that can be learnt: the same few words again and again. */
  private static void shard(String dataset, String split, int examples, long seed) {
    var random = new SplittableRandom(seed);
    var file = home.resolve(dataset).resolve("examples/" + split + ".shard");
    try {
      Files.createDirectories(file.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (var out = new ShardWriter(file, base.tokenizerSha256(), base.templateSha256())) {
      for (int i = 0; i < examples; i++) {
        int n = random.nextInt(20, 60);
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
