package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.program.LoraShape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** DPO and KTO through the loop, in this process. */
class PreferenceTrainingTest {
  @TempDir static Path home;
  private static TinyDesk desk;
  private static Path train;
  private static Path validation;

  @BeforeAll
  static void judgedAnswers() {
    desk = new TinyDesk(home, TinyBase.create(new BaseStore(home.resolve("bases"))));
    train = home.resolve("train.shard");
    validation = home.resolve("validation.shard");
    PreferenceShards.write(train, desk.base, 16, 1);
    PreferenceShards.write(validation, desk.base, 5, 2);
  }

  /** What the loop told, step by step. */
  private static final class Told implements Loop.Watcher {
    final List<Map<String, Double>> steps = new ArrayList<>();
    final List<Learning.Evaluation> evaluations = new ArrayList<>();

    @Override
    public void stepped(
        TrainingState s,
        long steps,
        double epochs,
        double rate,
        double norm,
        Map<String, Double> figures) {
      this.steps.add(figures);
    }

    @Override
    public void evaluating(long step, long tokens) {}

    @Override
    public void evaluated(long step, Learning.Evaluation evaluation) {
      evaluations.add(evaluation);
    }

    @Override
    public void checkpoint(TrainingState state) {}

    @Override
    public void sample(long step) {}

    @Override
    public void best(TrainingState state) {}

    @Override
    public Loop.@Nullable Ending asked() {
      return null;
    }

    double first(String figure) {
      return figure(evaluations.getFirst(), figure);
    }

    double last(String figure) {
      return figure(evaluations.getLast(), figure);
    }

    private static double figure(Learning.Evaluation evaluation, String name) {
      return Objects.requireNonNull(evaluation.figures().get(name), name).doubleValue();
    }
  }

  private static Recipe recipe(Recipe.Objective objective, Map<String, Object> more) {
    var settings = new HashMap<String, Object>(more);
    settings.put("objective", objective.name().toLowerCase(java.util.Locale.ROOT));
    settings.put("schedule", "constant");
    settings.put("warmup", 0);
    settings.put("learningRate", 3e-3);
    settings.put("batchTokens", 150);
    settings.put("steps", 25);
    return Recipe.of(settings);
  }

  private static Told run(Recipe recipe) {
    var told = new Told();
    var shape = LoraShape.whole(desk.base.config(), recipe.rank(), recipe.scale());
    int vocabulary = desk.base.config().vocabSize();
    try (Decoder decoder = desk.open(shape);
        var examples = new Examples(train, 0, vocabulary, recipe.objective());
        var held = new Examples(validation, 0, vocabulary, recipe.objective())) {
      decoder.adapter().set(Adapter.initial(shape, 7));
      decoder.keepReference();
      var order = DataOrder.of(recipe, examples);
      new Loop(decoder, recipe, examples, held, order, Cuts.NONE, Gradients.Share.all(recipe), told)
          .run(TrainingState.START);
    }
    return told;
  }

  @Test
  void dpoTellsChosenFromRejected() {
    var told = run(recipe(Recipe.Objective.DPO, Map.of("accumulate", 2)));
    assertThat(told.evaluations.getFirst().meanLoss()).isCloseTo(Math.log(2), within(1e-5));
    assertThat(told.first("rewards/margins")).isCloseTo(0, within(1e-5));
    assertThat(told.last("rewards/accuracies")).isEqualTo(1);
    assertThat(told.last("rewards/margins")).isGreaterThan(0.5);
    assertThat(told.last("pairs")).isEqualTo(5);
    assertThat(told.evaluations.getLast().meanLoss()).isLessThan(0.5);
    assertThat(told.steps.getLast())
        .containsKeys(
            "rewards/accuracies",
            "rewards/margins",
            "rewards/chosen",
            "rewards/rejected",
            "logps/chosen",
            "logps/rejected");
    assertThat(told.steps.getLast().get("rewards/margins"))
        .isGreaterThan(told.steps.getFirst().get("rewards/margins"));
  }

  @Test
  void ktoDoesWithoutPairs() {
    var told = run(recipe(Recipe.Objective.KTO, Map.of()));
    assertThat(told.evaluations.getFirst().meanLoss()).isCloseTo(0.5, within(1e-5));
    assertThat(told.first("kl")).isCloseTo(0, within(1e-4));
    assertThat(told.last("rewards/margins")).isGreaterThan(0.5);
    assertThat(told.last("answers")).isEqualTo(10);
    assertThat(told.evaluations.getLast().meanLoss()).isLessThan(0.45);
  }

  @ParameterizedTest
  @EnumSource(Recipe.Objective.class)
  void aStepDoesNotDependOnHowItIsCutIntoMicroBatches(Recipe.Objective objective) {
    var recipe =
        recipe(
            objective,
            objective == Recipe.Objective.DPO
                ? Map.of("sftWeight", 0.5, "labelSmoothing", 0.1)
                : Map.of());
    var shape = LoraShape.whole(desk.base.config(), 4, 2);
    try (Decoder decoder = desk.open(shape);
        var examples = new Examples(train, 0, desk.base.config().vocabSize(), objective)) {
      decoder.adapter().set(Adapter.initial(shape, 7));
      decoder.keepReference();
      var moved = Adapter.initial(shape, 8);
      for (int i = shape.sizeOfA(); i < moved.length; i++) {
        moved[i] = i % 11 * 1e-2f;
      }
      decoder.adapter().set(moved);
      var learning = Learning.of(recipe, decoder, examples, null, DataOrder.of(recipe, examples));
      double whole = gradients(learning.step(List.of(new int[] {0, 1, 2, 3, 4})), 1);
      var expected = decoder.adapter().gradientValues();
      decoder.adapter().zeroGradient();
      var cut = List.of(new int[] {0, 1}, new int[] {2}, new int[] {3, 4});
      assertThat(gradients(learning.step(cut), 3)).isCloseTo(whole, within(1e-5 * whole));
      var found = decoder.adapter().gradientValues();
      double largest = 0;
      for (double g : expected) {
        largest = Math.max(largest, Math.abs(g));
      }
      assertThat(largest).isPositive();
      for (int i = 0; i < expected.length; i++) {
        assertThat(found[i]).isCloseTo(expected[i], within(1e-4 * largest));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Recipe.Objective.class)
  void theTapeThatARecipeAsksForIsTakenAndGivesTheSame(Recipe.Objective objective) {
    var shape = LoraShape.whole(desk.base.config(), 4, 2);
    try (Decoder decoder = desk.open(shape);
        var examples = new Examples(train, 0, desk.base.config().vocabSize(), objective)) {
      decoder.adapter().set(Adapter.initial(shape, 7));
      decoder.keepReference();
      var found = new ArrayList<double[]>();
      for (var way : List.of("fast", "fast", "tape")) {
        var recipe = recipe(objective, Map.of("gradients", way));
        var order = DataOrder.of(recipe, examples);
        decoder.adapter().zeroGradient();
        var learning = Learning.of(recipe, decoder, examples, null, order);
        gradients(learning.step(List.of(new int[] {0, 1, 2})), 1);
        found.add(decoder.adapter().gradientValues());
      }
      assertThat(found.get(1)).isEqualTo(found.get(0));
      assertThat(found.get(2)).as("another order of rounding").isNotEqualTo(found.get(0));
      assertThat(found.get(2)).usingComparatorWithPrecision(1e-5).containsExactly(found.get(0));
    }
  }

  private static double gradients(Learning.Step step, int batches) {
    double loss = 0;
    for (int i = 0; i < batches; i++) {
      loss += step.gradients(i);
    }
    return loss;
  }

  @Test
  void whatTheLimitLeavesNothingOfIsLeftOut() {
    int vocabulary = desk.base.config().vocabSize();
    try (var all = new Examples(train, 0, vocabulary, Recipe.Objective.DPO);
        var cut = new Examples(train, 14, vocabulary, Recipe.Objective.DPO);
        var none = new Examples(train, 5, vocabulary, Recipe.Objective.KTO);
        var liked = new Examples(train, 0, vocabulary)) {
      assertThat(all.size()).isEqualTo(16);
      assertThat(all.unusable()).isZero();
      assertThat(cut.unusable()).isBetween(1L, 15L);
      assertThat(cut.inOrder(100)).hasSizeLessThan(all.inOrder(100).size());
      assertThat(none.learnable()).isFalse();
      assertThat(liked.size()).as("an evaluation reads what was liked").isEqualTo(16);
    }
  }
}
