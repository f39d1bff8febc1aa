package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.PreferenceLoss;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * DPO on pairs of answers: the mean loss over the pairs. An example of the splits is a pair, whose
 * answers stand side by side in a micro-batch.
 */
final class PairedPreferences extends PreferenceLearning<PreferenceLoss.Dpo> {
  PairedPreferences(
      Decoder decoder,
      Recipe recipe,
      Examples train,
      @Nullable Examples validation,
      DataOrder order) {
    super(decoder, recipe, train, validation, order);
  }

  @Override
  String counted() {
    return "pairs";
  }

  @Override
  PreferenceLoss.Dpo loss(Examples examples, List<int[]> batches, long pairs) {
    long chosenLabels = batches.stream().mapToLong(examples::chosenLabels).sum();
    return new PreferenceLoss.Dpo(
        how().beta(), how().labelSmoothing(), 1.0 / pairs, how().sftWeight() / chosenLabels);
  }

  @Override
  void tell(Rewards rewards, boolean[] liked, double[] own, double[] reference) {
    for (int i = 0; i < own.length; i += 2) {
      rewards.pair(own[i], reference[i], own[i + 1], reference[i + 1]);
    }
  }

  @Override
  Map<String, Double> figures(PreferenceLoss.Dpo loss) {
    return Map.of();
  }
}
