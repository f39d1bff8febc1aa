package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.Split;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.pipelines.supervision.RunSpec;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FittingTest {
  @TempDir static Path home;
  private static Setup setup;

  @BeforeAll
  static void aRun() {
    var desk = new TinyDesk(home, TinyBase.create(new BaseStore(home.resolve("bases"))));
    var dataset =
        desk.dataset("desk", Map.of(Split.TRAIN, TinyDesk.conversations(0, 30)), Map.of());
    var base = desk.base;
    setup =
        Setup.of(
            new RunSpec(
                "20260101-0000-aaaa",
                "desk",
                new RunSpec.BaseRef(base.name(), base.weightsSha256(), base.folder().toString()),
                new RunSpec.DatasetRef(
                    dataset.dataset(),
                    dataset.id(),
                    desk.datasets.folder(dataset).path().toString()),
                Recipe.of(Map.of("batchTokens", 1000, "epochs", 2)).toMap(),
                Instant.EPOCH,
                "test"),
            home);
  }

  @AfterAll
  static void close() {
    setup.close();
  }

  @Test
  void aWholeModelThatIsTooLargeIsRefusedWithWhatItWants() {
    var settings = Recipe.of(Map.of("adapter", "full", "batchTokens", 1000)).toMap();
    var recipe = Recipe.of(settings);
    var start = Setup.Start.of(recipe, setup.base());
    var full =
        new Setup(
            setup.spec(),
            recipe,
            setup.base(),
            setup.devices(),
            setup.device(),
            setup.precision(),
            start,
            setup.train(),
            null,
            setup.order(),
            setup.steps());
    long values = full.footprint().learned();
    var estimate = Estimate.of(full, TrainingState.START, 1);
    assertThat(values)
        .isEqualTo(
            setup.base().config().tensors().values().stream()
                .mapToLong(s -> Arrays.stream(s).reduce(1, (a, b) -> a * b))
                .sum());
    assertThat(estimate.checkpoint()).isBetween(12 * values, 12 * values + (1 << 20));
    assertThat(estimate.memory()).isGreaterThan(28 * values);
    assertThatThrownBy(
            () ->
                Fitting.of(
                    full, TrainingState.START, Cuts.NONE, false, OptionalLong.of(100L << 20)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("and 100 MiB can be had")
        .hasMessageContaining("Set adapter=lora");
  }

  private static Fitting fitting(boolean ranOut, OptionalLong room) {
    return fitting(Cuts.NONE, ranOut, room);
  }

  private static Fitting fitting(Cuts before, boolean ranOut, OptionalLong room) {
    return Fitting.of(setup, TrainingState.START, before, ranOut, room);
  }

  @Test
  void whatFitsOrCannotBeKnownIsLeftAsItIs() {
    var whole = fitting(false, OptionalLong.empty());
    assertThat(whole.changed()).isFalse();
    assertThat(whole.estimate().ahead().tokens())
        .as("two epochs")
        .isEqualTo(2L * Arrays.stream(setup.train().lengths()).sum());
    assertThat(fitting(false, OptionalLong.of(whole.estimate().memory())).changed()).isFalse();
  }

  @Test
  void firstBlocksAreComputedAgainAndThenMicroBatchesAreCut() {
    var whole = fitting(false, OptionalLong.empty()).estimate();
    var blocks = fitting(false, OptionalLong.of(whole.memory() - 1));
    assertThat(blocks.setup().recipe().gradientCheckpointing()).isEqualTo(Checkpointing.BLOCK);
    assertThat(blocks.estimate().parts()).isEqualTo(1);
    assertThat(blocks.why()).contains("can be had", "blocks are computed again");

    var cut = fitting(false, OptionalLong.of(blocks.estimate().memory() - 1));
    assertThat(cut.estimate().parts()).isEqualTo(2);
    assertThat(cut.estimate().memory()).isLessThan(blocks.estimate().memory());
    assertThat(cut.estimate().ahead().tokens()).isEqualTo(whole.ahead().tokens());
    assertThat(cut.why()).contains("blocks are computed again", "parts of at most 500");
  }

  @Test
  void aRunThatDiedForMemoryTakesTheNextWayWhateverTheEstimateSays() {
    var first = fitting(true, OptionalLong.empty());
    assertThat(first.cut(TrainingState.START)).isEqualTo(new Cuts.Cut(0, 1, true));
    assertThat(first.why()).startsWith("Memory ran out");
    var done = Cuts.NONE.and(first.cut(TrainingState.START));
    assertThat(fitting(done, false, OptionalLong.empty()).changed()).isFalse();
    var second = fitting(done, true, OptionalLong.empty());
    assertThat(second.cut(TrainingState.START)).isEqualTo(new Cuts.Cut(0, 2, true));
  }

  @Test
  void whenSingleConversationsAreTooMuchTheRunIsRefused() {
    assertThatThrownBy(() -> fitting(false, OptionalLong.of(1000)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("no micro-batch can be cut further")
        .hasMessageContaining("the longest conversation alone has")
        .hasMessageContaining("maxLength");
  }
}
