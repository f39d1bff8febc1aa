package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.MicroBatch;
import dev.lathe.engine.PreferenceLoss;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * DPO on pairs of answers: the mean loss over the pairs. An example of the splits is a pair, whose
 * answers stand side by side in a micro-batch.
 */
final class PairedPreferences implements Learning {
  private final Decoder decoder;
  private final Recipe.Preference how;
  private final Examples train;
  private final References references;
  private final @Nullable References held;

  PairedPreferences(
      Decoder decoder,
      Recipe recipe,
      Examples train,
      @Nullable Examples validation,
      DataOrder order) {
    this.decoder = decoder;
    this.how = recipe.preference();
    this.train = train;
    this.references = new References(decoder, train, order.epoch(0));
    this.held =
        validation == null
            ? null
            : new References(
                decoder, validation, validation.inOrder(recipe.batchTokens(), recipe.evalTokens()));
  }

  @Override
  public Step step(List<int[]> batches) {
    var micro = batches.stream().map(train::batch).toList();
    long pairs = batches.stream().mapToLong(b -> b.length).sum();
    var loss = loss(pairs, batches.stream().mapToLong(train::chosenLabels).sum());
    var rewards = new Rewards(how.beta());
    return new Step() {
      @Override
      public List<MicroBatch> batches() {
        return micro;
      }

      @Override
      public double share(int batch) {
        return (double) batches.get(batch).length / pairs;
      }

      @Override
      public double gradients(int batch) {
        int[] rows = train.rows(batches.get(batch));
        var reference = references.of(rows);
        var judged =
            decoder.preference(micro.get(batch), train.liked(rows), reference, loss, Way.FAST);
        told(rewards, judged.logProbabilities(), reference);
        return judged.loss();
      }

      @Override
      public Map<String, Double> figures() {
        return rewards.figures();
      }
    };
  }

  private PreferenceLoss.Dpo loss(long pairs, long chosenLabels) {
    return new PreferenceLoss.Dpo(
        how.beta(), how.labelSmoothing(), 1.0 / pairs, how.sftWeight() / chosenLabels);
  }

  private static void told(Rewards rewards, double[] own, double[] reference) {
    for (int i = 0; i < own.length; i += 2) {
      rewards.pair(own[i], reference[i], own[i + 1], reference[i + 1]);
    }
  }

  @Override
  public Evaluation evaluate(Examples examples, List<int[]> batches) {
    var known = Objects.requireNonNull(held, "there is a validation split");
    long pairs = batches.stream().mapToLong(b -> b.length).sum();
    var loss = loss(pairs, batches.stream().mapToLong(examples::chosenLabels).sum());
    var rewards = new Rewards(how.beta());
    double sum = 0;
    for (var indexes : batches) {
      int[] rows = examples.rows(indexes);
      var batch = examples.batch(indexes);
      var own = decoder.scores(batch).labelSums(batch);
      var reference = known.of(rows);
      sum += decoder.preferenceLoss(own, examples.liked(rows), reference, loss);
      told(rewards, own, reference);
    }
    var figures = new LinkedHashMap<String, Number>(rewards.figures());
    figures.put("pairs", pairs);
    return new Evaluation(sum, figures);
  }
}
