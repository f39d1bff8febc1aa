package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.CommandLineHome.Ran;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.pipelines.supervision.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The commands around a sweep, with real run processes on the tiny base. */
class SweepCommandTest {
  private static final String[] SHORT = {
    "--base",
    "tiny",
    "--dataset",
    "desk@1",
    "--name",
    "support",
    "--set",
    "batchTokens=128",
    "--set",
    "threads=1",
    "--set",
    "precision=fp32",
    "--set",
    "steps=120",
    "--set",
    "checkpointEvery=10",
    "--set",
    "dropout=0.1",
    "--set",
    "restarts=0"
  };

  @TempDir static Path folder;
  private static CommandLineHome home;

  @BeforeAll
  static void aBaseAndADataset() {
    RunsTest.publish(TinyBase.create(new BaseStore(folder.resolve("bases"))), folder);
    home = new CommandLineHome(folder);
  }

  @AfterAll
  static void close() {
    home.close();
  }

  @Tag("slow")
  @Test
  void aTrialKilledInASweepEndsWithTheAdapterOfAnUndisturbedOne() throws Exception {
    var undisturbed =
        sweep("--grid", "rank=2,4", "--set", "learningRate=0.003", "--json").done().json();
    assertThat(undisturbed.path("state").asString()).isEqualTo("completed");
    assertThat(undisturbed.path("trials").size()).isEqualTo(2);
    var best = undisturbed.path("trials").path(undisturbed.path("best").asInt() - 1);
    assertThat(best.path("evalLoss").asDouble()).isLessThan(best.path("evalLossBefore").asDouble());
    assertThat(best.path("tokenAccuracy").asDouble()).isPositive();
    assertThat(undisturbed.path("version").asString()).isEqualTo("support@1");
    assertThat(home.run("models", "list").out()).as("only the best").doesNotContain("support@2");
    assertThat(home.run("sweep", "show", id(undisturbed), "--json").done().json())
        .isEqualTo(undisturbed);
    assertThat(home.run("runs", "list", "--json").done().json().path("items").valueStream())
        .extracting(r -> r.path("sweep").asString())
        .containsOnly(id(undisturbed));

    var following =
        CompletableFuture.supplyAsync(
            () ->
                sweep(
                    "--grid",
                    "rank=4",
                    "--set",
                    "learningRate=0.003",
                    "--register",
                    "none",
                    "--json"));
    killWhenItHasACheckpoint(run(newSweep(id(undisturbed)), 0));
    var disturbed = following.get(1, TimeUnit.MINUTES);
    assertThat(disturbed.status()).as(disturbed.err()).isEqualTo(1);
    var died = disturbed.json();
    assertThat(died.path("state").asString()).isEqualTo("failed");
    assertThat(died.path("trials").path(0).path("state").asString()).isEqualTo("failed");

    var resumed = home.run("sweep", "resume", id(died), "--json").done().json();
    assertThat(resumed.path("state").asString()).isEqualTo("completed");
    assertThat(adapter(resumed, 0)).isEqualTo(adapter(undisturbed, 1));
    assertThat(resumed.path("trials").path(0).path("evalLoss"))
        .isEqualTo(undisturbed.path("trials").path(1).path("evalLoss"));
    assertThat(resumed.path("version").isNull()).as("--register none").isTrue();
    assertThat(home.run("sweep", "list", "--json").done().json().path("items").size()).isEqualTo(2);
    assertThat(home.run("sweep", "show", id(resumed)).done().out())
        .contains("TRIAL", "rank", "best by evalLoss: trial");
    home.run("sweep", "resume", id(resumed), "--json").refused();
    home.run("sweep", "stop", id(resumed), "--json").refused();
  }

  @Test
  void whatCannotBeSweptIsSaidAndNothingIsStarted() {
    assertThat(sweep("--grid", "rnak=4", "--json").refused().err())
        .contains("Did you mean 'rank'?");
    assertThat(sweep().refused().err()).contains("nothing to sweep");
    assertThat(sweep("--grid", "rank=").refused().err()).contains("no values");
    assertThat(sweep("--grid", "rank=4,0").refused().err()).contains("1 of 2 trials");
    assertThat(sweep("--grid", "rank=4", "--grid", "steps=1").refused().err())
        .contains("set for every trial and swept");
    assertThat(sweep("--grid", "rank=4", "--metric", "evalLos").refused().err())
        .contains("Did you mean 'evalLoss'?");
    var many =
        "seed="
            + String.join(
                ",", java.util.stream.IntStream.range(0, 100).mapToObj(i -> "" + i).toList());
    assertThat(
            sweep("--grid", many, "--grid", many.replace("seed", "rank").replace("=0", "=200"))
                .refused()
                .err())
        .contains("10,000 of them");
    assertThat(home.run("sweep", "--grid", "rank=4").refused().err()).contains("--base");
    assertThat(home.run("sweep", "show", "nothing").refused().err()).contains("no such sweep");
  }

  private static Ran sweep(String... more) {
    var line = new ArrayList<>(List.of("sweep"));
    line.addAll(List.of(SHORT));
    line.addAll(List.of(more));
    return home.run(line.toArray(String[]::new));
  }

  private static String id(JsonNode sweep) {
    return sweep.path("id").asString();
  }

  private static String newSweep(String other) throws InterruptedException {
    for (int i = 0; i < 600; i++) {
      for (var sweep : home.run("sweep", "list", "--json").json().path("items")) {
        if (!id(sweep).equals(other)) {
          return id(sweep);
        }
      }
      Thread.sleep(20);
    }
    throw new AssertionError("no second sweep");
  }

  private static RunDirectory run(String sweep, int trial) {
    return RunDirectory.of(folder.resolve("runs").resolve("%s-%02d".formatted(sweep, trial + 1)));
  }

  private static void killWhenItHasACheckpoint(RunDirectory run) throws Exception {
    var first = run.checkpoints();
    for (int i = 0; i < 3000; i++) {
      boolean there = false;
      if (Files.isDirectory(first)) {
        try (var checkpoints = Files.list(first)) {
          there = checkpoints.anyMatch(c -> !c.getFileName().toString().startsWith("."));
        }
      }
      if (there) {
        long pid = run.living().orElseThrow().pid();
        new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor();
        return;
      }
      Thread.sleep(5);
    }
    throw new AssertionError("no checkpoint");
  }

  private static String adapter(JsonNode sweep, int trial) {
    return Sha256.of(run(id(sweep), trial).adapter().resolve("adapter_model.safetensors"));
  }
}
