package dev.lathe.pipelines.supervision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunProcessTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path home;
  private List<RunProcess> started = List.of();

  @AfterEach
  void leaveNothingRunning() {
    started.forEach(RunProcess::kill);
  }

  @Test
  void runsToItsEndAndLeavesAJournal() throws Exception {
    var run = created(Map.of("steps", 3));

    var process = start(run);
    assertThat(process.awaitExit(SOON)).isTrue();
    process.conclude(null);

    assertThat(process.exitStatus()).hasValue(0);
    assertThat(Journal.read(run.journal(), 0).getLast().text("state")).contains("completed");
    assertThat(run.processLog()).content().contains("stand-in with [");
    assertThat(run.alive()).isFalse();
  }

  @Test
  void isTheOnlyOneOfItsRun() throws Exception {
    var run = created(Map.of("steps", 10_000));
    start(run);
    awaitSteps(run);

    assertThatThrownBy(() -> start(run))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("being trained by another process (pid ");
  }

  @Test
  void isAdoptedWhileItLivesAndNotAfterIt() throws Exception {
    var run = created(Map.of("steps", 10_000));
    var process = start(run);
    awaitSteps(run);

    var adopted = RunProcess.adopt(run).orElseThrow();
    assertThat(adopted.identity()).isEqualTo(process.identity());
    assertThat(adopted.awaitExit(Duration.ofMillis(50))).isFalse();

    adopted.kill();
    assertThat(adopted.awaitExit(SOON)).isTrue();
    assertThat(process.awaitExit(SOON)).isTrue();
    assertThat(process.exitStatus()).hasValue(137);
    assertThat(RunProcess.adopt(run)).isEmpty();
  }

  @Test
  void stopsWhenItIsAskedAndNotAtAnInterruptOfItsTerminal() throws Exception {
    var run = created(Map.of("steps", 10_000));
    var process = start(run);
    awaitSteps(run);

    new ProcessBuilder("kill", "-INT", "" + process.identity().pid()).start().waitFor();
    assertThat(process.awaitExit(Duration.ofMillis(300))).isFalse();

    run.control().requestStop();
    assertThat(process.awaitExit(SOON)).isTrue();
    assertThat(Journal.read(run.journal(), 0).getLast().text("state")).contains("stopped");
    assertThat(run.control().stopRequested()).isFalse();
  }

  @Test
  void tellsHowItDied() throws Exception {
    var run = created(Map.of("steps", 10, "haltAt", 2));
    var process = start(run);
    assertThat(process.awaitExit(SOON)).isTrue();

    assertThat(Death.of(run, process.exitStatus().getAsInt()))
        .contains("exit status 134", "runs resume " + run.id(), "c10::Error");
  }

  @Test
  void endsByItselfWhenItsHomeHasNoOwner() throws Exception {
    var run = created(Map.of("steps", 10_000, "watchOwner", true));

    assertThat(start(run).awaitExit(SOON)).isTrue();

    assertThat(Journal.read(run.journal(), 0).getLast().text("state")).contains("stopped");
  }

  @Test
  void measuresTheMemoryOfTheProcessTree() throws Exception {
    var run = created(Map.of("steps", 10_000));
    var process = start(run);
    awaitSteps(run);

    process.sampleMemory();

    assertThat(process.peakRssMiB()).isBetween(10L, 2_000L);
    assertThat(run.supervised().orElseThrow().peakRssMiB()).isEqualTo(process.peakRssMiB());
  }

  private RunProcess start(RunDirectory run) {
    var process = RunProcess.start(run, StandInRun.command(), 0, List.of());
    started = java.util.stream.Stream.concat(started.stream(), List.of(process).stream()).toList();
    return process;
  }

  private RunDirectory created(Map<String, Object> recipe) {
    var like = RunDirectoryTest.spec("20261121-1530-k7qd");
    var spec =
        new RunSpec(
            like.id(),
            like.model(),
            like.base(),
            like.dataset(),
            recipe,
            like.createdAt(),
            like.codeVersion());
    var run = RunDirectory.of(home.resolve("runs").resolve(spec.id()));
    run.create(spec);
    return run;
  }

  private static void awaitSteps(RunDirectory run) throws InterruptedException {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (Journal.read(run.journal(), 0).size() < 4) {
      assertThat(System.nanoTime()).as("the stand-in takes steps").isLessThan(deadline);
      Thread.sleep(20);
    }
    assertThat(Files.exists(run.path().resolve("process.json"))).isTrue();
  }
}
