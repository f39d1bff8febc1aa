package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Packing;
import java.util.ArrayList;
import java.util.Locale;

/** What an encoder-decoder cannot be trained by, said before anything is read. */
public final class EncoderDecoderRecipe {
  private EncoderDecoderRecipe() {}

  /**
   * @throws BadInput naming every key of the recipe that only decoders know
   */
  public static void require(Recipe recipe, ModelConfig base) {
    if (!base.isEncoderDecoder()) {
      return;
    }
    var problems = new ArrayList<String>();
    if (recipe.objective() != Recipe.Objective.SFT) {
      problems.add("objective=" + word(recipe.objective()) + ": take sft");
    }
    if (recipe.adapter() != Recipe.AdapterKind.LORA) {
      problems.add("adapter=" + word(recipe.adapter()) + ": take lora");
    }
    if (!recipe.modulesToSave().isEmpty()) {
      problems.add("modulesToSave=" + recipe.modulesToSave() + ": only an adapter is trained");
    }
    if (recipe.trainTokens() != Recipe.TrainTokens.NONE) {
      problems.add("trainTokens=" + word(recipe.trainTokens()) + ": only an adapter is trained");
    }
    if (recipe.training().packing() != Packing.NONE) {
      problems.add("baseFormat=" + word(recipe.baseFormat()) + ": take auto, bf16 or fp32");
    }
    var checkpointing = recipe.gradientCheckpointing();
    if (checkpointing != Checkpointing.AUTO && checkpointing != Checkpointing.NONE) {
      problems.add("gradientCheckpointing=" + word(checkpointing) + ": autograd keeps everything");
    }
    if (recipe.maxLength() > 0) {
      problems.add(
          "maxLength=%d would cut answers from their end: build the dataset with it, which leaves out the oldest turns instead"
              .formatted(recipe.maxLength()));
    }
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "an encoder-decoder (" + base.architecture() + ") is not trained so",
          problems,
          "Leave these keys out.");
    }
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
