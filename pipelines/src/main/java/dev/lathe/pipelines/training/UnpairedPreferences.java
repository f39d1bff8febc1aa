package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.MicroBatch;
import dev.lathe.engine.MicroBatch.Sequence;
import dev.lathe.engine.PreferenceLoss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * KTO on judged answers, paired or not: the mean loss over the answers. What the policy gained on
 * the whole (the paper's z0, TRL's {@code kl}) is estimated over all answers of an optimizer step,
 * each in the context of the next one, and is no part of the gradient.
 */
final class UnpairedPreferences extends PreferenceLearning<PreferenceLoss.Kto> {
  UnpairedPreferences(
      Decoder decoder,
      Recipe recipe,
      Examples train,
      @Nullable Examples validation,
      DataOrder order) {
    super(decoder, recipe, train, validation, order);
  }

  @Override
  String counted() {
    return "answers";
  }

  @Override
  PreferenceLoss.Kto loss(Examples examples, List<int[]> batches, long answers) {
    return new PreferenceLoss.Kto(
        how().beta(),
        kl(examples, batches),
        how().desirableWeight(),
        how().undesirableWeight(),
        1.0 / answers);
  }

  @Override
  void tell(Rewards rewards, boolean[] liked, double[] own, double[] reference) {
    for (int i = 0; i < own.length; i++) {
      rewards.answer(liked[i], own[i], reference[i]);
    }
  }

  @Override
  Map<String, Double> figures(PreferenceLoss.Kto loss) {
    return Map.of("kl", loss.kl());
  }

  /** At least 0; 0 for an answer by itself, which has no other's context to stand in. */
  private double kl(Examples examples, List<int[]> batches) {
    int[] rows = batches.stream().flatMapToInt(b -> Arrays.stream(examples.rows(b))).toArray();
    if (rows.length < 2) {
      return 0;
    }
    var mismatched = new ArrayList<Sequence>(rows.length);
    for (int i = 0; i < rows.length; i++) {
      int other = rows[(i + rows.length - 1) % rows.length];
      mismatched.add(examples.mismatched(rows[i], other));
    }
    // As much at once as the gradients take: a cut of the micro-batches is one of these too.
    int budget = batches.stream().mapToInt(b -> examples.tokens(b)).max().orElse(1);
    int[] lengths = mismatched.stream().mapToInt(s -> s.ids().length).toArray();
    double gained = 0;
    for (var part : DataOrder.filled(IntStream.range(0, rows.length).toArray(), lengths, budget)) {
      var batch = MicroBatch.of(Arrays.stream(part).mapToObj(mismatched::get).toList());
      gained += Arrays.stream(decoder().scores(batch).label()).sum();
      gained -= Arrays.stream(decoder().referenceScores(batch).label()).sum();
    }
    return Math.max(0, gained / rows.length);
  }
}
