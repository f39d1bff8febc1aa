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
 * Learning from judged answers, each beside what the model that the run began with made of it.
 *
 * @param <L> the loss of an optimizer step
 */
abstract class PreferenceLearning<L extends PreferenceLoss> implements Learning {
  private final Decoder decoder;
  private final Preference how;
  private final Way way;
  private final Examples train;
  private final References references;
  private final @Nullable References held;

  PreferenceLearning(
      Decoder decoder,
      Recipe recipe,
      Examples train,
      @Nullable Examples validation,
      DataOrder order) {
    this.decoder = decoder;
    this.how = recipe.preference();
    this.way = recipe.gradients();
    this.train = train;
    this.references = new References(decoder, train, order.once());
    this.held =
        validation == null
            ? null
            : new References(
                decoder, validation, validation.inOrder(recipe.batchTokens(), recipe.evalTokens()));
  }

  /** What an example is, in the plural: the name of their number in an evaluation. */
  abstract String counted();

  /** The loss of so many examples, which are all that a step or an evaluation has. */
  abstract L loss(Examples examples, List<int[]> batches, long count);

  /** Adds answers, whose log-probabilities are known, to the rewards. */
  abstract void tell(Rewards rewards, boolean[] liked, double[] own, double[] reference);

  /** What the loss itself has to tell. */
  abstract Map<String, Double> figures(L loss);

  Decoder decoder() {
    return decoder;
  }

  Preference how() {
    return how;
  }

  @Override
  public Step step(List<int[]> batches) {
    var micro = batches.stream().map(train::batch).toList();
    long count = count(batches);
    var loss = loss(train, batches, count);
    var rewards = new Rewards(how.beta());
    return new Step() {
      @Override
      public List<MicroBatch> batches() {
        return micro;
      }

      @Override
      public double share(int batch) {
        return (double) batches.get(batch).length / count;
      }

      @Override
      public double gradients(int batch) {
        int[] rows = train.rows(batches.get(batch));
        var reference = references.of(rows);
        var liked = train.liked(rows);
        var judged = decoder.preference(micro.get(batch), liked, reference, loss, way);
        tell(rewards, liked, judged.logProbabilities(), reference);
        return judged.loss();
      }

      @Override
      public double[] tally() {
        return rewards.tally();
      }

      @Override
      public void add(double[] tally) {
        rewards.add(tally);
      }

      @Override
      public Map<String, Double> figures() {
        var figures = new LinkedHashMap<>(rewards.figures());
        figures.putAll(PreferenceLearning.this.figures(loss));
        return figures;
      }
    };
  }

  @Override
  public Evaluation evaluate(Examples examples, List<int[]> batches) {
    var known = Objects.requireNonNull(held, "there is a validation split");
    long count = count(batches);
    var loss = loss(examples, batches, count);
    var rewards = new Rewards(how.beta());
    double sum = 0;
    for (var indexes : batches) {
      int[] rows = examples.rows(indexes);
      var batch = examples.batch(indexes);
      var own = decoder.scores(batch).labelSums(batch);
      var reference = known.of(rows);
      var liked = examples.liked(rows);
      sum += decoder.preferenceLoss(own, liked, reference, loss);
      tell(rewards, liked, own, reference);
    }
    var figures = new LinkedHashMap<String, Number>(rewards.figures());
    figures.putAll(figures(loss));
    figures.put(counted(), count);
    return new Evaluation(sum, figures);
  }

  private static long count(List<int[]> batches) {
    return batches.stream().mapToLong(b -> b.length).sum();
  }
}
