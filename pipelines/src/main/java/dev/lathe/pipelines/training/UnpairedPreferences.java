package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.MicroBatch;
import dev.lathe.engine.MicroBatch.Sequence;
import dev.lathe.engine.PreferenceLoss;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * KTO on judged answers, paired or not: the mean loss over the answers. What the policy gained on
 * the whole (the paper's z0, TRL's {@code kl}) is estimated over all answers of an optimizer step,
 * each in the context of the next one, and is no part of the gradient.
 */
final class UnpairedPreferences implements Learning {
  private final Decoder decoder;
  private final Recipe.Preference how;
  private final Examples train;
  private final References references;
  private final @Nullable References held;

  UnpairedPreferences(
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
    long answers = batches.stream().mapToLong(b -> b.length).sum();
    double kl = kl(train, batches);
    var loss = loss(kl, answers);
    var rewards = new Rewards(how.beta());
    return new Step() {
      @Override
      public List<MicroBatch> batches() {
        return micro;
      }

      @Override
      public double share(int batch) {
        return (double) batches.get(batch).length / answers;
      }

      @Override
      public double gradients(int batch) {
        int[] rows = train.rows(batches.get(batch));
        var reference = references.of(rows);
        var liked = train.liked(rows);
        var judged = decoder.preference(micro.get(batch), liked, reference, loss, Way.FAST);
        told(rewards, liked, judged.logProbabilities(), reference);
        return judged.loss();
      }

      @Override
      public Map<String, Double> figures() {
        var figures = new LinkedHashMap<>(rewards.figures());
        figures.put("kl", kl);
        return figures;
      }
    };
  }

  private PreferenceLoss.Kto loss(double kl, long answers) {
    return new PreferenceLoss.Kto(
        how.beta(), kl, how.desirableWeight(), how.undesirableWeight(), 1.0 / answers);
  }

  private static void told(Rewards rewards, boolean[] liked, double[] own, double[] reference) {
    for (int i = 0; i < own.length; i++) {
      rewards.answer(liked[i], own[i], reference[i]);
    }
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
      gained += Arrays.stream(decoder.scores(batch).label()).sum();
      gained -= Arrays.stream(decoder.referenceScores(batch).label()).sum();
    }
    return Math.max(0, gained / rows.length);
  }

  @Override
  public Evaluation evaluate(Examples examples, List<int[]> batches) {
    var known = Objects.requireNonNull(held, "there is a validation split");
    long answers = batches.stream().mapToLong(b -> b.length).sum();
    double kl = kl(examples, batches);
    var loss = loss(kl, answers);
    var rewards = new Rewards(how.beta());
    double sum = 0;
    for (var indexes : batches) {
      int[] rows = examples.rows(indexes);
      var batch = examples.batch(indexes);
      var own = decoder.scores(batch).labelSums(batch);
      var reference = known.of(rows);
      var liked = examples.liked(rows);
      sum += decoder.preferenceLoss(own, liked, reference, loss);
      told(rewards, liked, own, reference);
    }
    var figures = new LinkedHashMap<String, Number>(rewards.figures());
    figures.put("kl", kl);
    figures.put("answers", answers);
    return new Evaluation(sum, figures);
  }
}
