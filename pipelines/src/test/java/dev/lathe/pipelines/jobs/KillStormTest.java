package dev.lathe.pipelines.jobs;

import static dev.lathe.pipelines.training.RunProcesses.adapter;
import static dev.lathe.pipelines.training.RunProcesses.losses;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.training.TinyDesk;
import dev.lathe.registry.runs.RunState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose process is killed again and again wherever it is, and starts again by itself. */
@Tag("slow")
class KillStormTest {
  private static final int KILLS = 20;
  private static final int LONGEST_LIFE_MILLIS = 4_000;

  @TempDir Path folder;

  @Test
  void twentyKillsLoseNothing() throws Exception {
    long seed = Long.getLong("storm", System.nanoTime());
    System.out.println("kill storm: -Dstorm=" + seed + " brings the same moments");
    var random = new Random(seed);
    var desk = new TinyDesk(folder);
    desk.dataset(
        "desk",
        Map.of(
            Split.TRAIN, TinyDesk.conversations(0, 60),
            Split.VALIDATION, TinyDesk.conversations(60, 66)),
        Map.of());
    var second = Duration.ofSeconds(1);
    var patience =
        new FinetunePatience(
            Duration.ofMinutes(2), second, Duration.ofSeconds(30), Duration.ofMillis(10));
    try (var home =
        new FinetuneHome(
            folder,
            patience,
            new HomeFinetunePlan(desk.bases(), folder.resolve("datasets")),
            RunCommand.product())) {
      var undisturbed = home.finetunes.find(train(home));
      awaitOver(home, undisturbed.id());

      var id = train(home);
      var run = home.finetunes.find(id);
      for (int kills = 0; kills < KILLS; kills++) {
        var process = process(home, run);
        Thread.sleep(random.nextInt(LONGEST_LIFE_MILLIS));
        assertThat(home.finetunes.active(id)).as("killed %d times so far", kills).isTrue();
        new ProcessBuilder("kill", "-9", Long.toString(process)).start().waitFor();
        while (ProcessHandle.of(process).filter(ProcessHandle::isAlive).isPresent()) {
          Thread.sleep(5);
        }
      }
      awaitOver(home, id);

      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(losses(run)).isEqualTo(losses(undisturbed)).hasSize(1_500);
      assertThat(adapter(run)).isEqualTo(adapter(undisturbed));
    }
  }

  private static String train(FinetuneHome home) {
    var set = new LinkedHashMap<String, String>();
    set.put("steps", "1500");
    set.put("learningRate", "0.003");
    set.put("batchTokens", "200");
    set.put("accumulate", "2");
    set.put("checkpointEvery", "7");
    set.put("evalEvery", "50");
    set.put("rank", "4");
    set.put("dropout", "0.1");
    set.put("neftune", "5");
    set.put("result", "best");
    set.put("restarts", "100");
    return home.finetunes.start(new FinetuneRequest("tiny", "desk@1", "desk", null, set)).id();
  }

  /** The next process of the run, as soon as there is one. */
  private static long process(FinetuneHome home, RunDirectory run) throws InterruptedException {
    while (run.living().isEmpty()) {
      assertThat(home.finetunes.active(run.id())).isTrue();
      Thread.sleep(5);
    }
    return run.living().orElseThrow().pid();
  }

  private static void awaitOver(FinetuneHome home, String id) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofMinutes(4).toNanos();
    while (home.finetunes.active(id)) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(50);
    }
  }
}
