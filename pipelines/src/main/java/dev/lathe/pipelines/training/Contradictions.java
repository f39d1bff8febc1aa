package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.pipelines.training.Recipe.AdapterKind;
import dev.lathe.pipelines.training.Recipe.BaseFormat;
import dev.lathe.pipelines.training.Recipe.NumberFormat;
import dev.lathe.pipelines.training.Recipe.TrainTokens;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys of a recipe that are each right and together cannot be. */
final class Contradictions {
  private Contradictions() {}

  /** Every one of them, with its remedy. */
  static List<String> in(Recipe r) {
    var found = new ArrayList<String>();
    if (r.adapter() == AdapterKind.DORA && r.dropout() > 0) {
      found.add(
          "dropout: adapter=dora has none, since it scales the base and the adapter together. Leave it out, or take adapter=lora");
    }
    if (r.trainTokens() != TrainTokens.NONE && !r.modulesToSave().isEmpty()) {
      found.add("trainTokens: modulesToSave trains all rows already. Leave one of them out");
    }
    if (r.adapter() == AdapterKind.FULL && r.packing() != Packing.NONE) {
      found.add(
          "baseFormat: %s cannot be trained, only an adapter on it. Leave it out, or take adapter=lora"
              .formatted(Recipe.word(r.baseFormat())));
    }
    Devices.contradiction(r.device(), r.accumulate(), large(r)).ifPresent(found::add);
    boolean half = r.precision() == NumberFormat.FP16 || r.baseFormat() == BaseFormat.FP16;
    if (r.adapter() == AdapterKind.FULL && half) {
      found.add(
          "precision: all weights are not trained in fp16, whose range is too small for them. Take bf16 or fp32, or adapter=lora");
    }
    boolean leaner =
        r.gradientCheckpointing() == Checkpointing.BLOCK
            || r.gradientCheckpointing() == Checkpointing.ATTENTION;
    if (r.gradients() == Way.TAPE && leaner) {
      found.add(
          "gradientCheckpointing: gradients=tape keeps everything, so %s changes nothing. Leave it out, or take gradients=fast"
              .formatted(Recipe.word(r.gradientCheckpointing())));
    }
    if (!computedAsHeld(r)) {
      found.add(
          "baseFormat: %s contradicts precision=%s: an unpacked base is held in what is computed in. Leave one of them out"
              .formatted(Recipe.word(r.baseFormat()), Recipe.word(r.precision())));
    }
    return found;
  }

  /** Whether a base that is not packed is held in what is computed in. */
  private static boolean computedAsHeld(Recipe r) {
    return r.precision() == NumberFormat.AUTO
        || switch (r.baseFormat()) {
          case BF16 -> r.precision() == NumberFormat.BF16;
          case FP16 -> r.precision() == NumberFormat.FP16;
          case FP32 -> r.precision() == NumberFormat.FP32;
          case AUTO, NF4, INT8 -> true;
        };
  }

  /** What is learnt that is too large to be sent from device to device at every step. */
  private static @Nullable String large(Recipe r) {
    if (r.adapter() == AdapterKind.FULL) {
      return "adapter=full";
    }
    if (r.trainTokens() != TrainTokens.NONE) {
      return "trainTokens";
    }
    return r.modulesToSave().isEmpty() ? null : "modulesToSave";
  }
}
