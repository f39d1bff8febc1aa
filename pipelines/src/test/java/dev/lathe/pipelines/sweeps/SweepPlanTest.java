package dev.lathe.pipelines.sweeps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.pipelines.jobs.FinetunePlan;
import dev.lathe.pipelines.jobs.FinetuneRequest;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.training.Recipe;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SweepPlanTest {
  private static final String ID = "20260101-0000-swee";

  @Test
  void everyTrialIsAPlannedRunOfItsOwn() {
    var sweep = plan(null, Map.of("rank", "4,8"), Map.of("learningRate", "log:1e-5..1e-3"), 2);
    assertThat(sweep.trials()).hasSize(4);
    var second = sweep.trials().get(1);
    assertThat(second.run()).isEqualTo(ID + "-02");
    assertThat(second.values().keySet()).containsExactly("rank", "learningRate");
    assertThat(second.recipe())
        .containsEntry("rank", 4)
        .containsEntry("alpha", 8.0)
        .containsEntry("steps", 5);
    assertThat(sweep.keys()).containsExactly("rank", "learningRate");
    assertThat(sweep.metric()).isEqualTo(Metric.EVAL_LOSS);
    assertThat(sweep.register()).isEqualTo(Register.BEST);
    var run = sweep.toRun(second, Instant.EPOCH);
    assertThat(run.trial()).isNotNull();
    assertThat(run.recipe()).isEqualTo(second.recipe());
  }

  @Test
  void aFileSaysWhatTheCommandLineDoesNot() {
    var file =
        """
        metric: tokenAccuracy
        register: all
        seed: 3
        grid:
          rank: [4, 8]
          targets: [all, [q_proj, v_proj]]
        """;
    var sweep = plan(file, Map.of("rank", "16"), null, null);
    assertThat(sweep.metric()).isEqualTo(Metric.TOKEN_ACCURACY);
    assertThat(sweep.register()).isEqualTo(Register.ALL);
    assertThat(sweep.seed()).isEqualTo(3);
    assertThat(sweep.trials()).extracting(t -> t.values().get("rank")).containsExactly(16, 16);
    assertThat(sweep.trials().get(1).values())
        .containsEntry("targets", List.of("q_proj", "v_proj"));
  }

  @Test
  void everyRecipeIsReadBeforeAnythingStarts() {
    refused(() -> plan(null, Map.of("rank", "4,0,-1"), null, null))
        .hasMessageContainingAll("2 of 3 trials cannot be trained", "{rank=0}", "{rank=-1}");
    refused(() -> plan(null, Map.of("rank", "4,04"), null, null)).hasMessageContaining("same run");
    refused(() -> plan("metrik: loss", Map.of("rank", "4"), null, null))
        .hasMessageContaining("Did you mean 'metric'?");
    refused(() -> plan("metric: lost", Map.of("rank", "4"), null, null))
        .hasMessageContaining("Did you mean 'loss'?");
    refused(() -> plan("grid: 7", null, null, null)).hasMessageContaining("no map");
    refused(() -> plan("{", null, null, null)).hasMessageContaining("no YAML");
    refused(() -> plan(null, Map.of("rank", "4"), null, 3)).hasMessageContaining("--random");
    refused(() -> plan(null, Map.of("seed", "1", "rank", "4,8"), null, 0))
        .hasMessageContaining("outside 1 to 200");
  }

  @Test
  void whatIsWrongWithAllTrialsIsSaidOnce() {
    FinetunePlan none =
        (id, request, now) -> {
          throw new BadInput("There is no such base", "tiniest", "Pull it.");
        };
    refused(
            () ->
                new SweepPlan(none, 1)
                    .plan(ID, request(null, Map.of("rank", "4,8"), null, null), Instant.EPOCH))
        .hasMessage("There is no such base: tiniest. Pull it.");
  }

  @Test
  void aMetricThatNoTrialCanHaveIsRefused() {
    FinetunePlan without =
        new FinetunePlan() {
          @Override
          public RunSpec plan(String id, FinetuneRequest request, Instant now) {
            return run(id, request, now);
          }

          @Override
          public boolean hasValidation(RunSpec planned) {
            return false;
          }
        };
    var plan = new SweepPlan(without, 1);
    refused(() -> plan.plan(ID, request(null, Map.of("rank", "4"), null, null), Instant.EPOCH))
        .hasMessageContaining("no validation split");
    assertThat(
            plan.plan(ID, request("metric: loss", Map.of("rank", "4"), null, null), Instant.EPOCH)
                .metric())
        .isEqualTo(Metric.LOSS);
  }

  private static org.assertj.core.api.AbstractThrowableAssert<?, ?> refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return assertThatThrownBy(call).isInstanceOf(BadInput.class);
  }

  private static SweepSpec plan(
      @Nullable String file,
      @Nullable Map<String, Object> grid,
      @Nullable Map<String, Object> random,
      @Nullable Integer trials) {
    return new SweepPlan(SweepPlanTest::run, 1)
        .plan(ID, request(file, grid, random, trials), Instant.EPOCH);
  }

  private static SweepRequest request(
      @Nullable String file,
      @Nullable Map<String, Object> grid,
      @Nullable Map<String, Object> random,
      @Nullable Integer trials) {
    return new SweepRequest(
        "tiny",
        "desk@1",
        "support",
        null,
        Map.of("steps", "5"),
        file,
        grid,
        random,
        trials,
        null,
        null,
        null,
        null);
  }

  private static RunSpec run(String id, FinetuneRequest request, Instant now) {
    return new RunSpec(
        id,
        request.model(),
        new RunSpec.BaseRef(request.base(), "ab", "/bases/tiny"),
        new RunSpec.DatasetRef(request.dataset(), "cd", "/datasets/desk/1"),
        Recipe.of(Settings.overlaid(Map.of(), request.overrides())).toMap(),
        now,
        "test");
  }
}
