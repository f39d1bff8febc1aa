package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.registry.runs.Point;
import dev.lathe.registry.runs.RunState;
import dev.lathe.registry.runs.RunView.CheckpointView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.job.JobExecution;

class FinetunesTest {
  @TempDir Path folder;

  @AfterEach
  void leaveNothingRunning() throws Exception {
    if (Files.isDirectory(folder.resolve("runs"))) {
      try (var runs = Files.list(folder.resolve("runs"))) {
        for (var run : runs.toList()) {
          var living = RunDirectory.of(run).living();
          if (living.isPresent()) {
            kill(living.get().pid());
          }
        }
      }
    }
  }

  @Test
  void aRunIsStartedFollowedAndCompleted() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "5", "checkpointEvery", "2");
      home.awaitOver(id);

      var run = home.finetunes.show(id);
      assertThat(run.state()).isEqualTo(RunState.COMPLETED);
      assertThat(run.step()).isEqualTo(5);
      assertThat(run.evalLossBefore()).isEqualTo(3.0);
      assertThat(run.evalLoss()).isEqualTo(1.0);
      assertThat(run.checkpoints())
          .containsExactly(new CheckpointView(2, 100), new CheckpointView(4, 100));
      assertThat(run.error()).isNull();
      assertThat(home.registry.series(id, "loss", 100)).hasSize(5);
      assertThat(status(home, id)).isEqualTo(BatchStatus.COMPLETED);
      assertThatThrownBy(() -> home.finetunes.resume(id, false))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("complete");
      assertThatThrownBy(() -> home.finetunes.stop(id)).isInstanceOf(BadInput.class);
      assertThat(home.completed).extracting(RunDirectory::id).containsExactly(id);
    }
    try (var next = new FinetuneHome(folder)) {
      assertThat(next.completed).as("a next owner registers what none did").hasSize(1);
    }
  }

  @Test
  void aStoppedRunGoesOnWhereItStopped() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "60", "stepMillis", "20");
      home.awaitStep(id, 2);
      assertThatThrownBy(() -> home.finetunes.resume(id, false))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("running already");

      home.finetunes.stop(id);
      home.awaitOver(id);
      var stopped = home.finetunes.show(id);
      assertThat(stopped.state()).isEqualTo(RunState.STOPPED);
      assertThat(stopped.step()).isBetween(2L, 59L);
      assertThat(status(home, id)).isEqualTo(BatchStatus.STOPPED);

      var resumed = home.finetunes.resume(id.substring(id.length() - 4), false);
      assertThat(resumed.fromStep()).isEqualTo(stopped.step());
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(status(home, id)).isEqualTo(BatchStatus.COMPLETED);
      assertThat(home.registry.series(id, "loss", 1000)).hasSize(60);
    }
  }

  @Test
  void aPausedRunIsNotAStoppedOne() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "1000");
      home.awaitStep(id, 2);
      home.finetunes.pause(id);
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.PAUSED);
    }
  }

  @Test
  void aProcessThatDiesLeavesAFailedRunThatCanBeResumed() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "6", "haltAt", "3");
      home.awaitOver(id);

      var failed = home.finetunes.show(id);
      assertThat(failed.state()).isEqualTo(RunState.FAILED);
      assertThat(failed.error()).contains("134", "c10::Error", "./lathe runs resume " + id);
      assertThat(status(home, id)).isEqualTo(BatchStatus.FAILED);

      var resumed = home.finetunes.resume(id, false);
      assertThat(resumed.fromStep()).isZero();
      assertThat(resumed.note()).contains("before its first checkpoint");
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.FAILED);
    }
  }

  @Test
  void aRunKilledFromOutsideGoesOnFromItsCheckpoint() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "40", "stepMillis", "20", "checkpointEvery", "5");
      home.awaitStep(id, 7);
      kill(home.finetunes.find(id).living().orElseThrow().pid());
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).error()).contains("137");

      long from = home.finetunes.resume(id, false).fromStep();
      assertThat(from).isPositive().matches(s -> s % 5 == 0);
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(home.registry.series(id, "loss", 1000))
          .extracting(Point::step)
          .doesNotHaveDuplicates()
          .hasSize(40);
    }
  }

  @Test
  void aRunThatDiesAgainAndAgainGoesOnAsLongAsItComesToCheckpoints() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      // Dies three steps behind every start: at 3, then at 5, 7, 9 behind the checkpoints of 2, 4 …
      var id = home.start("steps", "12", "checkpointEvery", "2", "haltEvery", "3", "restarts", "1");
      home.awaitOver(id);
      var run = home.finetunes.show(id);
      assertThat(run.state()).isEqualTo(RunState.COMPLETED);
      assertThat(run.error()).isNull();
      assertThat(home.registry.series(id, "loss", 100)).hasSize(12);
      assertThat(status(home, id)).isEqualTo(BatchStatus.COMPLETED);
      assertThat(log(home, id))
          .contains("exit status 137", "started again, 1 of at most 1 times")
          .doesNotContain("--ran-out");
    }
  }

  @Test
  void withoutANewCheckpointItIsStartedAgainSoManyTimesOnly() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "6", "haltAt", "3", "restarts", "2");
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.FAILED);
      assertThat(home.finetunes.show(id).error()).contains("134", "c10::Error");
      assertThat(log(home, id)).containsOnlyOnce("2 of at most 2 times");
      assertThat(log(home, id).split("stand-in with", -1)).hasSize(1 + 3);
    }
  }

  @Test
  void theNextProcessIsToldWhenMemoryRanOut() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "4", "shortAt", "3", "checkpointEvery", "2", "restarts", "1");
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(log(home, id)).contains("--ran-out", "(memory ran out)");

      var killed = home.start("steps", "40", "stepMillis", "20", "restarts", "1");
      home.awaitStep(killed, 2);
      home.memoryKills.incrementAndGet();
      kill(home.finetunes.find(killed).living().orElseThrow().pid());
      home.awaitOver(killed);
      assertThat(home.finetunes.show(killed).state()).isEqualTo(RunState.COMPLETED);
      assertThat(log(home, killed)).contains("--ran-out");
    }
  }

  @Test
  void aRunThatWaitsToBeStartedAgainCanBeStopped() throws Exception {
    var soon = FinetuneHome.SOON;
    try (var home = new FinetuneHome(folder, new FinetunePatience(soon, soon, soon, soon))) {
      var id = home.start("steps", "6", "haltAt", "3", "restarts", "2");
      while (home.finetunes.show(id).step() < 3
          || home.finetunes.show(id).state() != RunState.QUEUED) {
        Thread.sleep(20);
      }
      home.finetunes.stop(id);
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.STOPPED);
    }
  }

  private static String log(FinetuneHome home, String id) throws Exception {
    return Files.readString(home.finetunes.find(id).processLog());
  }

  @Test
  void aFailureThatTheRunTellsIsKept() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "6", "failAt", "3");
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.FAILED);
      assertThat(home.finetunes.show(id).error()).isEqualTo("loss is NaN");
    }
  }

  @Test
  void damagedCheckpointsAreNoReasonToBeginAnewInSilence() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.start("steps", "1000", "checkpointEvery", "2");
      home.awaitStep(id, 4);
      home.finetunes.stop(id);
      home.awaitOver(id);
      var checkpoints = home.finetunes.find(id).checkpoints();
      try (var files = Files.walk(checkpoints)) {
        for (var file : files.filter(f -> f.endsWith("adapter")).toList()) {
          Files.write(file, new byte[] {99});
        }
      }

      assertThatThrownBy(() -> home.finetunes.resume(id, false))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("none is intact");
      Durable.deleteTree(checkpoints);
      assertThatThrownBy(() -> home.finetunes.resume(id, false))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("none is intact");
    }
  }

  @Test
  void aSecondRunWaitsForItsTurnAndCanBeStoppedBefore() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var first = home.start("steps", "1000");
      home.awaitStep(first, 1);
      var second = home.start("steps", "3");
      var third = home.start("steps", "3");
      assertThat(home.finetunes.show(second).state()).isEqualTo(RunState.QUEUED);

      home.finetunes.stop(second);
      home.awaitOver(second);
      assertThat(home.finetunes.show(second).state()).isEqualTo(RunState.STOPPED);
      home.finetunes.stop(first);
      home.awaitOver(third);
      assertThat(home.finetunes.show(third).state()).isEqualTo(RunState.COMPLETED);
    }
  }

  @Test
  void aRunThatDoesNotListenIsEndedByForce() throws Exception {
    var soon = Duration.ofMillis(300);
    try (var home = new FinetuneHome(folder, new FinetunePatience(soon, soon, soon, soon))) {
      var id = home.start("steps", "100000", "deaf", "true");
      home.awaitStep(id, 1);
      home.finetunes.stop(id);
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.STOPPED);
      assertThat(home.finetunes.show(id).error()).contains("was killed");
    }
  }

  @Test
  void aNewOwnerAdoptsTheRunOfOneThatWasKilled() throws Exception {
    var id = startedByAnOwnerThatWasKilled(folder, 300);

    try (var home = new FinetuneHome(folder)) {
      assertThat(home.finetunes.active(id)).isTrue();
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.RUNNING);
      assertThat(status(home, id)).isEqualTo(BatchStatus.STARTED);
      home.finetunes.stop(id);
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.STOPPED);
      assertThat(status(home, id)).isEqualTo(BatchStatus.STOPPED);

      home.finetunes.resume(id, false);
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(status(home, id)).isEqualTo(BatchStatus.COMPLETED);
    }
  }

  @Test
  void aNewOwnerRecoversTheRunThatDiedWithItsOwner() throws Exception {
    var id = startedByAnOwnerThatWasKilled(folder, 10_000);
    var run = RunDirectory.of(folder.resolve("runs").resolve(id));
    kill(run.living().orElseThrow().pid());
    while (run.alive()) {
      Thread.sleep(10);
    }

    try (var home = new FinetuneHome(folder)) {
      var failed = home.finetunes.show(id);
      assertThat(failed.state()).isEqualTo(RunState.FAILED);
      assertThat(failed.error()).contains("died", "./lathe runs resume " + id);
      assertThat(failed.step()).isEqualTo(lastStep(run));
      assertThat(status(home, id)).isEqualTo(BatchStatus.FAILED);
      assertThat(home.finetunes.resume(id, false).adopted()).isFalse();
      home.awaitStep(id, 3);
      home.finetunes.stop(id);
      home.awaitOver(id);
      assertThat(home.finetunes.show(id).state()).isEqualTo(RunState.STOPPED);
    }
  }

  @Test
  void aDeletedDatabaseIsImportedAgainWithTheSameAnswers() throws Exception {
    Object before;
    List<Point> curve;
    String id;
    try (var home = new FinetuneHome(folder)) {
      id = home.start("steps", "30", "stepMillis", "10", "checkpointEvery", "5");
      home.awaitStep(id, 6);
      home.finetunes.stop(id);
      home.awaitOver(id);
      home.finetunes.resume(id, false);
      home.awaitOver(id);
      before = home.finetunes.show(id);
      curve = home.registry.series(id, "loss", 1000);
    }
    Durable.deleteTree(folder.resolve("database"));

    try (var home = new FinetuneHome(folder)) {
      assertThat(home.finetunes.show(id)).isEqualTo(before);
      assertThat(home.registry.series(id, "loss", 1000)).isEqualTo(curve);
    }
  }

  private static long lastStep(RunDirectory run) {
    return Journal.read(run.journal(), 0).stream()
        .filter(r -> r.type().equals("step"))
        .mapToLong(r -> r.number("step").orElseThrow().longValue())
        .max()
        .orElse(0);
  }

  /** The home's owner is killed with SIGKILL; the run's process lives on. */
  private static String startedByAnOwnerThatWasKilled(Path home, int steps) throws Exception {
    var owner =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                StandInOwner.class.getName(),
                home.toString(),
                Integer.toString(steps))
            .inheritIO()
            .start();
    try {
      var started = home.resolve("started");
      while (!Files.exists(started) || Files.size(started) == 0) {
        assertThat(owner.isAlive()).as("the owner starts a run").isTrue();
        Thread.sleep(20);
      }
      return Files.readString(started);
    } finally {
      owner.destroyForcibly().waitFor();
    }
  }

  private static BatchStatus status(FinetuneHome home, String id) throws InterruptedException {
    // The job's own end follows the run's by a moment.
    for (int i = 0; i < 100; i++) {
      var status = last(home, id).getStatus();
      if (!status.isRunning() || home.finetunes.active(id)) {
        return status;
      }
      Thread.sleep(20);
    }
    return last(home, id).getStatus();
  }

  private static JobExecution last(FinetuneHome home, String id) {
    return home.batch.findJobInstances("finetune").stream()
        .map(home.batch::getLastJobExecution)
        .filter(e -> id.equals(e.getJobParameters().getString("run")))
        .findFirst()
        .orElseThrow();
  }

  private static void kill(long pid) throws Exception {
    new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor();
  }
}
