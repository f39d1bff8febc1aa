package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.ShardWriter;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.ProcessIdentity;
import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
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
    shard("train", 40, 1);
    shard("validation", 6, 2);
    var run = run("20260101-0000-aaaa");
    assertThat(finish(start(run))).isZero();
    undisturbed = adapter(run);
    losses = losses(run);
    assertThat(losses).hasSize(10);
    assertThat(losses.getLast()).isLessThan(losses.getFirst());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void killedAfterAStepItEndsWithTheSameAdapterAndLosses(int step) throws Exception {
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

  private static void kill(RunDirectory run, int step) throws Exception {
    long before = records(run).size();
    kill(start(run), () -> records(run).stream().skip(before).anyMatch(r -> isStep(r, step)));
  }

  /** In its second pass, so that one process has seen the reference that the other finds anew. */
  @ParameterizedTest
  @ValueSource(strings = {"dpo", "kto"})
  void preferencesTooEndWithTheSameAdapterAndLosses(String objective) throws Exception {
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
  }

  /** And what comes out can be measured, and gone on with. */
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

  private static RunDirectory run(String id) {
    return run(id, "dataset", Map.of());
  }

  private static RunDirectory run(String id, String dataset, Map<String, Object> more) {
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
            new RunSpec.DatasetRef("made@1", "0", home.resolve(dataset).toString()),
            recipe.toMap(),
            Instant.EPOCH,
            "test"));
    return run;
  }

  private static Process start(RunDirectory run, String... more) throws IOException {
    var command = RunCommand.of(RunMain.class.getName(), System.getProperty("java.class.path"));
    var line = new ArrayList<>(command.java());
    line.add(1, "-XX:TieredStopAtLevel=1"); // it lives for seconds
    line.add(run.path().toString());
    line.addAll(List.of(more));
    var builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(run.processLog().toFile()));
    builder.environment().putAll(command.environment());
    return builder.start();
  }

  private static void kill(Process process, BooleanSupplier when) throws Exception {
    waitFor(when);
    process.destroyForcibly().waitFor();
  }

  private static int finish(Process process) throws InterruptedException {
    assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
    return process.exitValue();
  }

  private static void waitFor(BooleanSupplier when) throws InterruptedException {
    long patience = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
    while (!when.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(patience);
      Thread.sleep(1);
    }
  }

  private static boolean writing(RunDirectory run) {
    try (var entries = Files.newDirectoryStream(run.checkpoints(), ".writing-*")) {
      return entries.iterator().hasNext();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<JournalRecord> records(RunDirectory run) {
    return Journal.read(run.journal(), 0);
  }

  private static boolean isStep(JournalRecord record, int step) {
    return record.type().equals("step") && record.number("step").orElseThrow() == step;
  }

  /** The newest loss of every step. */
  private static List<Double> losses(RunDirectory run) {
    var byStep = new TreeMap<Double, Double>();
    records(run).stream()
        .filter(r -> r.type().equals("step"))
        .forEach(r -> byStep.put(r.number("step").orElseThrow(), r.number("loss").orElseThrow()));
    return List.copyOf(byStep.values());
  }

  private static String adapter(RunDirectory run) {
    return Sha256.of(WholeModel.weightsIn(run.result()));
  }

  /** Conversations that can be learnt: the same few words again and again. */
  private static void shard(String split, int examples, long seed) {
    var random = new SplittableRandom(seed);
    var file = home.resolve("dataset/examples/" + split + ".shard");
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
