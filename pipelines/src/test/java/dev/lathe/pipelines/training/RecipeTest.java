package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.tensors.Precision;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecipeTest {
  @Test
  void theDefaultsAreWhatTheDocumentationSays() {
    assertThat(Recipe.defaults().toMap().toString())
        .isEqualTo(
            "{objective=sft, beta=0.1, labelSmoothing=0.0, sftWeight=0.0, desirableWeight=1.0,"
                + " undesirableWeight=1.0, adapter=lora, baseFormat=auto, steps=0, epochs=1.0, learningRate=2.0E-4,"
                + " schedule=cosine, warmup=0.03, weightDecay=0.0, clip=1.0, rank=8, alpha=16.0,"
                + " rsLora=false, dropout=0.0, loraPlusRatio=1.0, neftune=0.0,"
                + " gradientCheckpointing=auto, gradients=fast, targets=[all], modulesToSave=[], trainTokens=none,"
                + " batchTokens=1024, accumulate=1, maxLength=0, precision=auto, tf32=false,"
                + " device=auto, threads=0, seed=7, evalEvery=100, evalTokens=16384, earlyStopping=0, result=auto, checkpointEvery=100, keep=3,"
                + " shuffle=true, explosion=3.0, restarts=3, samplePrompts=[], sampleEvery=100,"
                + " sampleTokens=64, tensorboard=false, wandb=false}");
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
  void whatTheObjectiveDoesNotReadIsRefused() {
    assertThatThrownBy(
            () -> Recipe.of(Map.of("objective", "sft", "beta", 0.3, "desirableWeight", 2)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("beta: objective=sft has none")
        .hasMessageContaining("only objective=kto");
    assertThatThrownBy(() -> Recipe.of(Map.of("objective", "kto", "labelSmoothing", 0.1)))
        .hasMessageContaining("only objective=dpo");
    var dpo = Recipe.of(Map.of("objective", "dpo", "beta", 0.3, "sftWeight", 1));
    assertThat(Recipe.of(dpo.toMap())).isEqualTo(dpo);
  }

  @Test
  void targetsAreTheBasesProjections() {
    var llama = ModelConfig.llama(300, 64, 96, 2, 4, 2, 16, 1e-5, 1e4, 64, true, 1, List.of(2));
    assertThat(Recipe.defaults().targetsOf(llama)).isEqualTo(llama.projections()).hasSize(7);
    assertThat(Recipe.of(Map.of("targets", "q_proj,v,self_attn.o_proj")).targetsOf(llama))
        .extracting(Projection::module)
        .containsExactly("q_proj", "v_proj", "o_proj");
    assertThatThrownBy(() -> Recipe.of(Map.of("targets", "q_porj,c_attn")).targetsOf(llama))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("'q_porj' is no projection. Did you mean 'q_proj'?")
        .hasMessageContaining("'c_attn' is no projection. Known: q_proj");
  }

  @Test
  void anUnpackedBaseIsHeldInWhatIsComputedIn() {
    assertThatThrownBy(() -> Recipe.of(Map.of("baseFormat", "fp32", "precision", "bf16")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("baseFormat: fp32 contradicts precision=bf16");
    assertThatThrownBy(() -> Recipe.of(Map.of("baseFormat", "fp16", "precision", "bf16")))
        .hasMessageContaining("baseFormat: fp16 contradicts precision=bf16");
    var half = Recipe.of(Map.of("precision", "fp16"));
    assertThat(half.precisionOn(new ComputeDevice("cuda:0", 1))).isEqualTo(Precision.FP16);
    assertThatThrownBy(() -> half.precisionOn(new ComputeDevice("cpu", 1)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("fp16 is for GPUs");
    assertThatThrownBy(() -> Recipe.of(Map.of("adapter", "full", "precision", "fp16")))
        .hasMessageContaining("precision: all weights are not trained in fp16");
    var cpu = ComputeDevice.open("cpu", 1);
    assertThat(Recipe.of(Map.of("baseFormat", "fp32")).precisionOn(cpu)).isEqualTo(Precision.FP32);
    assertThat(Recipe.of(Map.of("baseFormat", "bf16")).precisionOn(cpu)).isEqualTo(Precision.BF16);
    var packed = Recipe.of(Map.of("baseFormat", "nf4", "precision", "fp32"));
    assertThat(packed.precisionOn(cpu)).isEqualTo(Precision.FP32);
    assertThat(packed.packing()).isEqualTo(Packing.NF4);
  }

  @Test
  void aDoraHasNoDropout() {
    assertThatThrownBy(() -> Recipe.of(Map.of("adapter", "dora", "dropout", 0.1)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("dropout: adapter=dora has none");
    var dora = Recipe.of(Map.of("adapter", "dora"));
    assertThat(Recipe.of(dora.toMap())).isEqualTo(dora);
  }

  @Test
  void theTapeKeepsEverything() {
    assertThatThrownBy(
            () -> Recipe.of(Map.of("gradients", "tape", "gradientCheckpointing", "block")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("gradientCheckpointing: gradients=tape keeps everything, so block");
    var tape = Recipe.of(Map.of("gradients", "tape", "gradientCheckpointing", "none"));
    assertThat(tape.gradients()).isEqualTo(Way.TAPE);
    assertThat(Recipe.of(tape.toMap())).isEqualTo(tape);
  }

  @Test
  void trainingAllWeightsKnowsNoAdaptersKeys() {
    assertThatThrownBy(
            () -> Recipe.of(Map.of("adapter", "full", "rank", 8, "targets", "all", "dropout", 0)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("rank: adapter=full has no adapter. Leave it out")
        .hasMessageContaining("targets: adapter=full")
        .hasMessageContaining("dropout: adapter=full");
    assertThatThrownBy(() -> Recipe.of(Map.of("adapter", "full", "baseFormat", "nf4")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("baseFormat: nf4 cannot be trained");
    var full = Recipe.of(Map.of("adapter", "full"));
    assertThat(full.learningRate()).isEqualTo(2e-5);
    assertThat(full.training().full()).isTrue();
    assertThat(full.toMap()).doesNotContainKeys("rank", "alpha", "targets");
    assertThat(Recipe.of(full.toMap())).isEqualTo(full);
    assertThat(Recipe.of(Map.of("adapter", "full", "learningRate", 1e-4)).learningRate())
        .isEqualTo(1e-4);
  }

  @Test
  void severalDevicesShareMicroBatchesOfAnAdaptersSteps() {
    var two = Recipe.of(Map.of("device", "cuda:0, CUDA:1", "accumulate", 2));
    assertThat(Devices.of(two).names()).containsExactly("cuda:0", "cuda:1");
    assertThat(Devices.of(two).busiest(5)).isEqualTo(3 / 5.0);
    assertThat(
            Devices.of(Recipe.of(Map.of("device", "cpu,cpu", "accumulate", 2, "threads", 6)))
                .open(1))
        .isEqualTo(new ComputeDevice("cpu", 3));
    for (var wrong :
        Map.of(
                "cuda:0,auto", "each is cpu or cuda:N, not 'cuda:0,auto'",
                "cuda:0,", "each is cpu or cuda:N",
                "cuda:1,cuda:1", "names a GPU twice",
                "cpu,cpu,cpu",
                    "accumulate: 3 devices share the micro-batches of a step, of which there are 2")
            .entrySet()) {
      assertThatThrownBy(() -> Recipe.of(Map.of("device", wrong.getKey(), "accumulate", 2)))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining(wrong.getValue());
    }
    assertThatThrownBy(
            () -> Recipe.of(Map.of("device", "cpu,cpu", "accumulate", 2, "adapter", "full")))
        .hasMessageContaining("device: adapter=full learns on one device");
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
                        "epochs",
                        "NaN")))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("unknown key 'learningrate'. Did you mean 'learningRate'?")
        .hasMessageContaining("rank: -2 lies outside 1 to 4096")
        .hasMessageContaining("'cosin' is unknown. Did you mean 'cosine'?")
        .hasMessageContaining("steps: 'many' is not a number")
        .hasMessageContaining("epochs: NaN lies outside");
  }
}
