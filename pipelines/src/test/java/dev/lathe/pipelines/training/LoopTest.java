package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.datasets.store.Split;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop in this process: what it does when the validation loss rises. */
class LoopTest {
  @TempDir static Path home;
  private static TinyDesk desk;
  private static Path train;
  private static Path validation;

  @BeforeAll
  static void aSmallDesk() {
    desk = new TinyDesk(home, TinyBase.create(new BaseStore(home.resolve("bases"))));
    var dataset =
        desk.dataset(
            "desk",
            Map.of(
                Split.TRAIN, TinyDesk.conversations(0, 12),
                Split.VALIDATION, TinyDesk.conversations(50, 56)),
            Map.of());
    var folder = desk.datasets.folder(dataset);
    train = folder.shard(Split.TRAIN);
    validation = folder.shard(Split.VALIDATION);
  }

  /** What the loop told, step by step. */
  private static final class Told implements Loop.Watcher {
    final List<Double> evaluations = new ArrayList<>();
    final List<Long> best = new ArrayList<>();
    final List<Double> losses = new ArrayList<>();
    final List<Long> sampled = new ArrayList<>();
    final List<Long> checkpoints = new ArrayList<>();
    final List<Double> norms = new ArrayList<>();
    Precision precision = Precision.FP32;
    Cuts cuts = Cuts.NONE;
    boolean spoilt;

    @Override
    public void stepped(
        TrainingState s,
        long steps,
        double epochs,
        double rate,
        double norm,
        Map<String, Double> figures) {
      losses.add(s.loss());
      norms.add(norm);
    }

    @Override
    public void sample(long step) {
      sampled.add(step);
    }

    @Override
    public void evaluating(long step, long tokens) {}

    @Override
    public void evaluated(long step, Learning.Evaluation score) {
      evaluations.add(score.meanLoss());
    }

    @Override
    public void checkpoint(TrainingState state) {
      checkpoints.add(state.step());
    }

    @Override
    public void best(TrainingState state) {
      best.add(state.step());
    }

    @Override
    public Loop.@Nullable Ending asked() {
      return null;
    }
  }

  private static Loop.Result run(Told told, TrainingState start, Map<String, Object> more) {
    var settings = new HashMap<String, Object>(more);
    settings.putIfAbsent("steps", 40);
    settings.putIfAbsent("evalEvery", 1);
    settings.put("schedule", "constant");
    settings.put("warmup", 0);
    settings.put("batchTokens", 300);
    var recipe = Recipe.of(settings);
    var shape = LoraShape.whole(desk.base.config(), recipe.rank(), recipe.scale());
    try (Decoder decoder = desk.open(shape, told.precision);
        var examples = new Examples(train, 0, desk.base.config().vocabSize());
        var held = new Examples(validation, 0, desk.base.config().vocabSize())) {
      var values = Adapter.initial(shape, 7);
      if (told.spoilt) {
        values[0] = Float.NaN;
      }
      decoder.adapter().set(values);
      var order = DataOrder.of(recipe, examples);
      return new Loop(
              decoder, recipe, examples, held, order, told.cuts, Gradients.Share.all(recipe), told)
          .run(start);
    }
  }

  @Test
  void withoutPatienceEveryStepIsTakenAndTheBestIsKnown() {
    var told = new Told();
    var result = run(told, TrainingState.START, Map.of("learningRate", 0.3, "steps", 12));
    assertThat(result.state().step()).isEqualTo(12);
    assertThat(told.evaluations).hasSize(13);
    var trained = told.evaluations.subList(1, 13);
    double lowest = trained.stream().min(Double::compare).orElseThrow();
    assertThat(result.state().best().loss()).isEqualTo(lowest);
    assertThat(result.state().best().step()).isEqualTo(1 + trained.indexOf(lowest));
    assertThat(told.best).last().isEqualTo(result.state().best().step());
  }

  @Test
  void inHalfPrecisionStepsWithInfiniteGradientsTeachNothingUntilTheScaleFits() {
    var told = new Told();
    told.precision = Precision.FP16;
    var large = TrainingState.START.withScale(new LossScale(1L << 30, 0, 0));
    var result = run(told, large, Map.of("learningRate", 0.01, "steps", 24, "evalEvery", 0));
    long skipped = result.state().scale().skipped();
    assertThat(skipped).isBetween(1L, 23L);
    assertThat(result.state().scale().factor()).isEqualTo(1L << (30 - skipped));
    assertThat(told.norms.stream().filter(n -> !Double.isFinite(n)).count()).isEqualTo(skipped);
    assertThat(told.losses).hasSize(24).allSatisfy(l -> assertThat(l).isFinite());
    assertThat(told.evaluations.getLast()).isLessThan(told.evaluations.getFirst() - 0.1);
  }

  @Test
  void outOfPatienceTheRunEnds() {
    var told = new Told();
    var result = run(told, TrainingState.START, Map.of("learningRate", 0.3, "earlyStopping", 3));
    assertThat(result.ending()).isEqualTo(Loop.Ending.COMPLETED);
    assertThat(result.state().step()).isLessThan(40);
    assertThat(result.state().best().misses()).isEqualTo(3);
    assertThat(result.state().step()).isEqualTo(result.state().best().step() + 3);

    var again = run(new Told(), result.state(), Map.of("learningRate", 0.3, "earlyStopping", 3));
    assertThat(again.state().step())
        .as("resumed where it had ended")
        .isEqualTo(result.state().step());
  }

  @Test
  void smallerMicroBatchesTakeTheSameStepsButForRounding() {
    var whole = new Told();
    run(whole, TrainingState.START, Map.of("steps", 6, "learningRate", 1e-3));
    var cut = new Told();
    cut.cuts = Cuts.NONE.and(new Cuts.Cut(0, 2, false)).and(new Cuts.Cut(3, 4, false));
    run(cut, TrainingState.START, Map.of("steps", 6, "learningRate", 1e-3));
    assertThat(cut.losses).hasSize(6).isNotEqualTo(whole.losses);
    for (int i = 0; i < 6; i++) {
      assertThat(cut.losses.get(i)).isCloseTo(whole.losses.get(i), within(2e-3));
    }
  }

  @Test
  void anExplosionEndsTheRunAndNamesTheConversationsBeforeACheckpointIsMadeOfIt() {
    var told = new Told();
    var once = new HashMap<String, Object>(TrainingState.START.toMap());
    once.putAll(Map.of("levelSteps", 50, "levelMean", "0.5", "levelLowest", "0.4"));
    var learntWell = TrainingState.of(once);
    assertThatThrownBy(
            () -> run(told, learntWell, Map.of("learningRate", 1e-4, "checkpointEvery", 1)))
        .isInstanceOf(Diverged.class)
        .hasMessageContaining("The loss has exploded: its mean over the last steps is 3.")
        .hasMessageContaining("and was 0.4")
        .hasMessageContaining("conversations desk-");
    assertThat(told.losses).hasSizeBetween(5, 15);
    assertThat(told.checkpoints).isEmpty();
  }

  @Test
  void aLossThatIsNoNumberNamesTheMicroBatch() {
    var told = new Told();
    told.spoilt = true;
    assertThatThrownBy(() -> run(told, TrainingState.START, Map.of("accumulate", 2)))
        .isInstanceOf(Diverged.class)
        .hasMessageContaining("The loss is NaN at step 1 (epoch 0, micro-batch 0")
        .hasMessageContaining("conversations desk-");
  }

  @Test
  void samplesAreTakenBeforeDuringAndAfter() {
    var told = new Told();
    run(told, TrainingState.START, Map.of("steps", 5, "sampleEvery", 2, "learningRate", 1e-3));
    assertThat(told.sampled).containsExactly(0L, 2L, 4L, 5L);
  }

  @Test
  void theLevelOfTheLossForgivesSingleStepsAndNotARise() {
    var level = LossLevel.NONE;
    for (int i = 0; i < 30; i++) {
      level = level.after(2 + (i % 2) * 0.5);
    }
    assertThat(level.after(12).exploded(3)).isFalse();
    assertThat(level.suspects(12, 3)).isTrue();
    assertThat(level.suspects(4, 3)).isFalse();
    for (int i = 0; i < 8; i++) {
      level = level.after(9);
    }
    assertThat(level.exploded(3)).isTrue();
    assertThat(level.exploded(0)).isFalse();
  }

  @Test
  void aStateReadsBackAsItself() {
    var state = TrainingState.START.evaluated(2.5).evaluated(3.5);
    assertThat(state.best()).isEqualTo(new TrainingState.Best(0, 2.5, 1));
    assertThat(TrainingState.of(state.toMap()).toMap()).isEqualTo(state.toMap());
    var older = new HashMap<String, Object>(state.toMap());
    older.remove("bestStep");
    assertThat(TrainingState.of(older).best()).isEqualTo(TrainingState.Best.NONE);
  }
}
