package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.MicroBatch;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run learns by: the loss of an optimizer step, its gradient, and what an evaluation says.
 */
interface Learning {
  /** An optimizer step's micro-batches, examples of the training split by their numbers. */
  Step step(List<int[]> batches);

  /** Of some of the validation split; nothing changes. */
  Evaluation evaluate(Examples validation, List<int[]> batches);

  /**
   * One optimizer step. Its loss does not depend on how its examples are cut into micro-batches.
   */
  interface Step {
    List<MicroBatch> batches();

    /** Non-padding tokens. */
    default long tokens() {
      return batches().stream().mapToLong(MicroBatch::tokens).sum();
    }

    /** Those of them that are learned. */
    default long labels() {
      return batches().stream().mapToLong(MicroBatch::labelled).sum();
    }

    /**
     * Adds the gradient of a micro-batch's part of the step's loss to the adapter's gradient.
     *
     * @return that part; the parts add up to the loss
     */
    double gradients(int batch);

    /** How much of the step a micro-batch is; the shares add up to 1. */
    double share(int batch);

    /** The loss of each micro-batch as if it were the whole step, from their parts of it. */
    default double[] means(double[] parts) {
      var means = new double[parts.length];
      for (int i = 0; i < parts.length; i++) {
        means[i] = parts[i] / share(i);
      }
      return means;
    }

    /** Sums that {@link #figures} are made of, of the micro-batches computed here. */
    default double[] tally() {
      return new double[0];
    }

    /** Adds those of another process. */
    default void add(double[] tally) {}

    /** What else is to be told of the step, once all gradients are there. */
    default Map<String, Double> figures() {
      return Map.of();
    }
  }

  /**
   * What an evaluation found.
   *
   * @param meanLoss the smaller the better
   * @param figures the rest, by the names that the journal gives them
   */
  record Evaluation(double meanLoss, Map<String, ? extends Number> figures) {
    /** Of a mean loss a token in nats: its exponential. */
    static final String PERPLEXITY = "perplexity";

    /**
     * What the evaluations of a mixture's parts come to: the mean of losses and figures with the
     * shares as weights, the sum of whole numbers, which are counts, and the loss of every part as
     * {@code loss/NAME}.
     *
     * @param shares of the parts; they add up to 1
     */
    static Evaluation mixed(List<String> names, List<Evaluation> parts, double[] shares) {
      double loss = 0;
      var figures = new LinkedHashMap<String, Number>();
      for (int p = 0; p < shares.length; p++) {
        double share = shares[p];
        loss += share * parts.get(p).meanLoss();
        parts
            .get(p)
            .figures()
            .forEach(
                (name, figure) ->
                    figures.merge(
                        name,
                        figure instanceof Long ? figure : (Number) (share * figure.doubleValue()),
                        Evaluation::sum));
      }
      double mixed = loss;
      figures.computeIfPresent(PERPLEXITY, (name, mean) -> Math.exp(mixed));
      for (int p = 0; p < shares.length; p++) {
        figures.put("loss/" + names.get(p), parts.get(p).meanLoss());
      }
      return new Evaluation(loss, figures);
    }

    private static Number sum(Number a, Number b) {
      return a instanceof Long x && b instanceof Long y
          ? (Number) (x + y)
          : (Number) (a.doubleValue() + b.doubleValue());
    }
  }

  /**
   * The objective that a recipe names.
   *
   * @param decoder its reference is kept where the objective is one of preferences
   * @param order of the training split
   */
  static Learning of(
      Recipe recipe,
      Decoder decoder,
      Examples train,
      @Nullable Examples validation,
      DataOrder order) {
    return switch (recipe.objective()) {
      case SFT -> new SupervisedTuning(decoder, train, recipe.gradients());
      case DPO -> new PairedPreferences(decoder, recipe, train, validation, order);
      case KTO -> new UnpairedPreferences(decoder, recipe, train, validation, order);
    };
  }
}
