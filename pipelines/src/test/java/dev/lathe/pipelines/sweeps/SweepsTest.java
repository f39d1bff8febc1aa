package dev.lathe.pipelines.sweeps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.FinetuneHome;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.registry.runs.RunState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.job.JobExecution;

/** Sweeps of stand-in runs: real processes, a real database, real Spring Batch. */
class SweepsTest {
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
  void everyTrialIsARunAndTheBestIsTold() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.sweeps.start(request("16,4", "steps", "4")).id();
      var sweep = over(home, id);

      assertThat(sweep.state()).isEqualTo(RunState.COMPLETED);
      assertThat(sweep.best()).isEqualTo(1);
      assertThat(sweep.trials()).extracting(TrialView::evalLoss).containsExactly(0.5, 2.0);
      assertThat(sweep.trials()).extracting(TrialView::best).containsExactly(true, false);
      assertThat(sweep.trials().getFirst().tokenAccuracy()).isEqualTo(1 / 1.5);
      assertThat(sweep.trials().getFirst().values()).isEqualTo(Map.of("rank", 16));
      assertThat(home.registry.list())
          .extracting(r -> r.sweep() + " " + r.id())
          .containsExactly(id + " " + id + "-02", id + " " + id + "-01");
      assertThat(home.best).extracting(RunDirectory::id).containsExactly(id + "-01");
      assertThat(last(home, id).getStatus()).isEqualTo(BatchStatus.COMPLETED);
      assertThat(last(home, id).getStepExecutions())
          .as("the trials' step and two partitions")
          .hasSize(3);
      refused(() -> home.sweeps.resume(id, false), "nothing to resume");
      refused(() -> home.sweeps.stop(id), "not running");
      assertThat(home.sweeps.show(id.substring(id.length() - 4))).isEqualTo(sweep);
      assertThat(home.sweeps.list()).containsExactly(sweep);
    }
  }

  @Test
  void aTrialThatDivergesIsARowAndEndsNothing() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var request = request(Map.of("learningRate", "9,2"), "steps", "4");
      var id = home.sweeps.start(request).id();
      var sweep = over(home, id);

      assertThat(sweep.state()).isEqualTo(RunState.COMPLETED);
      assertThat(states(sweep)).containsExactly(RunState.FAILED, RunState.COMPLETED);
      assertThat(sweep.trials().getFirst().error()).isEqualTo("The loss is NaN");
      assertThat(sweep.trials().getFirst().evalLoss()).isNull();
      assertThat(sweep.best()).isEqualTo(2);
      assertThat(last(home, id).getStatus()).isEqualTo(BatchStatus.COMPLETED);
      refused(() -> home.sweeps.resume(id, false), "nothing to resume");
    }
  }

  @Test
  void aTrialThatWasKilledGoesOnFromItsCheckpointAndTheOthersAreLeftAlone() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id =
          home.sweeps
              .start(request("4,8", "steps", "60", "stepMillis", "15", "checkpointEvery", "5"))
              .id();
      home.awaitStep(id + "-01", 7);
      kill(home.finetunes.find(id + "-01").living().orElseThrow().pid());
      var sweep = over(home, id);
      assertThat(sweep.state()).isEqualTo(RunState.FAILED);
      assertThat(states(sweep)).containsExactly(RunState.FAILED, RunState.COMPLETED);
      assertThat(sweep.trials().getFirst().error()).contains("137");
      assertThat(home.best).as("a trial is left").isEmpty();
      assertThat(last(home, id).getStatus()).isEqualTo(BatchStatus.FAILED);

      assertThat(home.sweeps.resume(id, false).trials()).isEqualTo(1);
      assertThat(over(home, id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(starts(id + "-01").getFirst()).isZero();
      assertThat(starts(id + "-01").getLast()).isBetween(5, 55);
      assertThat(starts(id + "-02")).containsExactly(0);
      assertThat(home.best).extracting(RunDirectory::id).containsExactly(id + "-02");
      assertThat(last(home, id).getStatus()).isEqualTo(BatchStatus.COMPLETED);
    }
  }

  @Test
  void aStoppedSweepGoesOnWhereItStopped() throws Exception {
    try (var home = new FinetuneHome(folder)) {
      var id = home.sweeps.start(request("4,8", "steps", "60", "stepMillis", "15")).id();
      home.awaitStep(id + "-01", 3);
      refused(() -> home.sweeps.resume(id, false), "running already");
      home.sweeps.stop(id);
      var stopped = over(home, id);
      assertThat(stopped.state()).isEqualTo(RunState.STOPPED);
      assertThat(states(stopped)).containsExactly(RunState.STOPPED, RunState.QUEUED);
      assertThat(last(home, id).getStatus()).isEqualTo(BatchStatus.STOPPED);
      assertThat(home.finetunes.knows(id + "-02")).isFalse();

      assertThat(home.sweeps.resume(id, false).trials()).isEqualTo(2);
      assertThat(over(home, id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(starts(id + "-01")).containsExactly(0, (int) stopped.trials().getFirst().step());
    }
  }

  @Test
  void aNewOwnerGoesOnWithASweepWhoseTrialLives() throws Exception {
    var id = startedByAnOwnerThatWasKilled();
    try (var home = new FinetuneHome(folder)) {
      assertThat(home.sweeps.active(id)).isTrue();
      assertThat(over(home, id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(starts(id + "-01")).as("it never died").containsExactly(0);
      assertThat(home.best).extracting(RunDirectory::id).containsExactly(id + "-02");
    }
    try (var next = new FinetuneHome(folder)) {
      assertThat(next.best).as("a next owner registers what none did").hasSize(1);
      assertThat(next.sweeps.active(id)).isFalse();
    }
  }

  @Test
  void aSweepThatDiedWithItsOwnerWaitsForItsResume() throws Exception {
    var id = startedByAnOwnerThatWasKilled();
    var run = RunDirectory.of(folder.resolve("runs").resolve(id + "-01"));
    kill(run.living().orElseThrow().pid());
    while (run.alive()) {
      Thread.sleep(10);
    }
    try (var home = new FinetuneHome(folder)) {
      var left = home.sweeps.show(id);
      assertThat(left.state()).isEqualTo(RunState.FAILED);
      assertThat(states(left)).containsExactly(RunState.FAILED, RunState.QUEUED);
      assertThat(last(home, id).getStatus()).isEqualTo(BatchStatus.FAILED);

      assertThat(home.sweeps.resume(id, false).trials()).isEqualTo(2);
      assertThat(over(home, id).state()).isEqualTo(RunState.COMPLETED);
      assertThat(starts(id + "-01").getLast()).isGreaterThanOrEqualTo(10);
      assertThat(last(home, id).getStatus()).isEqualTo(BatchStatus.COMPLETED);
    }
  }

  static SweepRequest request(String ranks, String... set) {
    return request(Map.of("rank", ranks), set);
  }

  private static SweepRequest request(Map<String, Object> grid, String... set) {
    var fixed = new LinkedHashMap<String, String>();
    for (int i = 0; i < set.length; i += 2) {
      fixed.put(set[i], set[i + 1]);
    }
    return new SweepRequest(
        "tiny", "desk@1", "support", null, fixed, null, grid, null, null, null, null, null, null);
  }

  private static SweepView over(FinetuneHome home, String id) throws InterruptedException {
    for (int i = 0; i < 1500 && home.sweeps.active(id); i++) {
      Thread.sleep(20);
    }
    assertThat(home.sweeps.active(id)).as("%s", home.sweeps.show(id)).isFalse();
    return home.sweeps.show(id);
  }

  private static List<RunState> states(SweepView sweep) {
    return sweep.trials().stream().map(TrialView::state).toList();
  }

  /** The steps that a run's attempts began at. */
  private List<Integer> starts(String run) {
    var journal = RunDirectory.of(folder.resolve("runs").resolve(run)).journal();
    return Journal.read(journal, 0).stream()
        .filter(r -> r.type().equals("started"))
        .map(r -> r.number("fromStep").orElseThrow().intValue())
        .toList();
  }

  private String startedByAnOwnerThatWasKilled() throws Exception {
    var owner =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                StandInSweepOwner.class.getName(),
                folder.toString())
            .inheritIO()
            .start();
    try {
      var started = folder.resolve("started");
      while (!Files.exists(started) || Files.size(started) == 0) {
        assertThat(owner.isAlive()).as("the owner sweeps").isTrue();
        Thread.sleep(20);
      }
      return Files.readString(started);
    } finally {
      owner.destroyForcibly().waitFor();
    }
  }

  private static JobExecution last(FinetuneHome home, String id) {
    return home.batch.findJobInstances("sweep").stream()
        .map(home.batch::getLastJobExecution)
        .filter(e -> id.equals(e.getJobParameters().getString("sweep")))
        .findFirst()
        .orElseThrow();
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String said) {
    assertThatThrownBy(call).isInstanceOf(BadInput.class).hasMessageContaining(said);
  }

  private static void kill(long pid) throws Exception {
    new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor();
  }
}
