package dev.lathe.pipelines.supervision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
  @TempDir Path home;

  @Test
  void readsTheDescriptionThatItWasCreatedWith() {
    var spec = spec("20261121-1530-k7qd");
    var run = RunDirectory.of(home.resolve("runs").resolve(spec.id()));

    run.create(spec);

    assertThat(run.readSpec()).isEqualTo(spec);
    assertThat(run.id()).isEqualTo(spec.id());
    assertThatThrownBy(() -> run.create(spec)).isInstanceOf(BadInput.class);
  }

  @Test
  void isHeldByOneAtATime() {
    var run = created();
    var lock = run.lock();

    assertThatThrownBy(run::lock)
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("being trained by another process");
    assertThat(run.tryLock()).isEmpty();

    lock.close();
    run.lock().close();
  }

  @Test
  void knowsItsLivingProcess() {
    var run = created();
    assertThat(run.process()).isEmpty();

    run.writeProcess();

    assertThat(run.process()).contains(ProcessIdentity.current());
    assertThat(run.alive()).isTrue();
  }

  @Test
  void takesNoLaterProcessWithTheSameNumberForItsOwn() {
    var now = ProcessIdentity.current();
    assertThat(new ProcessIdentity(now.pid(), now.startedAt()).alive()).isTrue();
    assertThat(new ProcessIdentity(now.pid(), now.startedAt() - 60_000).alive()).isFalse();
    assertThat(new ProcessIdentity(now.pid(), now.startedAt(), "another boot/1").alive()).isFalse();
    assertThat(new ProcessIdentity(1L << 22, now.startedAt()).alive()).isFalse();
  }

  @Test
  void passesRequestsOnAndForgetsThem() {
    var control = created().control();
    assertThat(control.stopRequested() || control.pauseRequested()).isFalse();
    control.requestStop();
    control.requestPause();
    assertThat(control.stopRequested() && control.pauseRequested()).isTrue();
    control.clear();
    assertThat(control.stopRequested() || control.pauseRequested()).isFalse();
  }

  @Test
  void seesWhetherTheHomeHasALivingOwner() throws IOException {
    var owner = new OwnerPresence(home);
    assertThat(owner.present()).isFalse();
    var me = ProcessIdentity.current();
    Files.writeString(
        home.resolve("owner.json"),
        "{\"pid\":%d,\"startedAt\":%d,\"address\":\"\"}".formatted(me.pid(), me.startedAt()));
    assertThat(owner.present()).isTrue();
    assertThat(owner.absent()).isZero();
  }

  @Test
  void idsSortByAgeAndAPieceIsEnough() {
    var clock = Clock.fixed(Instant.parse("2026-11-21T15:30:59Z"), ZoneOffset.UTC);
    var id = RunIds.next(clock, new SplittableRandom(1));
    assertThat(id).matches("20261121-1530-[a-z0-9]{4}");

    var known = List.of("20261121-1530-k7qd", "20261121-1531-bbbb");
    assertThat(RunIds.resolve("20261121-1530", known)).isEqualTo(known.get(0));
    assertThat(RunIds.resolve("bbbb", known)).isEqualTo(known.get(1));
    assertThatThrownBy(() -> RunIds.resolve("2026", known))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("Several");
    assertThatThrownBy(() -> RunIds.resolve("20261121-1530-k7qe", known))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("Did you mean '20261121-1530-k7qd'?");
    assertThatThrownBy(() -> RunIds.resolve("", known)).isInstanceOf(BadInput.class);
  }

  private RunDirectory created() {
    var spec = spec("20261121-1530-k7qd");
    var run = RunDirectory.of(home.resolve("runs").resolve(spec.id()));
    run.create(spec);
    return run;
  }

  static RunSpec spec(String id) {
    return new RunSpec(
        id,
        "support",
        new RunSpec.BaseRef("tiny", "ab".repeat(32), "/bases/tiny"),
        new RunSpec.DatasetRef("desk@1", "cd".repeat(32), "/datasets/desk/1"),
        Map.of("steps", 10, "rank", 8, "learningRate", 2e-4),
        Instant.parse("2026-11-21T15:30:00Z"),
        "0.1.0");
  }
}
