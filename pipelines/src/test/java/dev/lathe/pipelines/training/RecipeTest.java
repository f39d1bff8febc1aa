package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecipeTest {
  @Test
  void theDefaultsAreWhatTheDocumentationSays() {
    assertThat(Recipe.defaults().toMap().toString())
        .isEqualTo(
            "{objective=sft, adapter=lora, steps=0, epochs=1.0, learningRate=2.0E-4,"
                + " schedule=cosine, warmup=0.03, weightDecay=0.0, clip=1.0, rank=8, alpha=16.0,"
                + " rsLora=false, targets=[q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj,"
                + " down_proj], batchTokens=1024, accumulate=1, maxLength=0, precision=auto,"
                + " device=auto, threads=0, seed=7, evalEvery=100, checkpointEvery=100, keep=3,"
                + " shuffle=true}");
  }

  @Test
  void aWrittenRecipeReadsBackAsItself() {
    var recipe =
        Recipe.of(
            Map.of(
                "rank", "4", "targets", "q_proj,v", "learningRate", 1e-3, "initFrom", "/some/dir"));
    assertThat(Recipe.of(recipe.toMap())).isEqualTo(recipe);
    assertThat(recipe.alpha()).isEqualTo(8);
    assertThat(recipe.targets()).hasSize(2);
  }

  @Test
  void everyProblemIsNamedAtOnceWithWhatWasMeant() {
    assertThatThrownBy(
            () ->
                Recipe.of(
                    Map.of(
                        "learningrate",
                        1,
                        "rank",
                        -2,
                        "schedule",
                        "cosin",
                        "steps",
                        "many",
                        "targets",
                        "q_proj,z_proj",
                        "epochs",
                        "NaN")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("unknown key 'learningrate'. Did you mean 'learningRate'?")
        .hasMessageContaining("rank: -2 lies outside 1 to 4096")
        .hasMessageContaining("'cosin' is unknown. Did you mean 'cosine'?")
        .hasMessageContaining("steps: 'many' is not a number")
        .hasMessageContaining("'z_proj' is no projection")
        .hasMessageContaining("epochs: NaN lies outside");
  }
}
