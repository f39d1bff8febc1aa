package dev.lathe.registry.promotion;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * The gate that asks for a lower loss than the incumbent's on the model's frozen test set.
 *
 * <p>Both models are measured on the same conversations; the difference of their mean losses a
 * label token is bootstrapped over conversations (Efron and Tibshirani 1993, section 13.3:
 * percentile interval), because tokens of one conversation are not independent.
 */
public final class Better {
  public static final String NAME = "better";

  /** Draws of as many conversations as there are, with replacement. */
  public static final int RESAMPLES = 10_000;

  /**
   * Below it no outcome could convince: even if every conversation got better, a sign test would
   * find that by chance in 2 · 2^-5 = 6 % of cases.
   */
  public static final int FEWEST = 6;

  /** Fixed, so that the same losses always give the same interval. */
  static final long SEED = 20_261_121;

  private Better() {}

  /**
   * One conversation of the test set.
   *
   * @param candidate its loss under the candidate, in nats, summed over its label tokens
   * @param incumbent the same under the incumbent
   */
  public record Pair(double candidate, double incumbent, long labels) {
    public Pair {
      if (labels < 1) {
        throw new IllegalArgumentException("a conversation that counts has label tokens");
      }
    }
  }

  /** How many conversations of the test set a model has learned from. */
  public record Overlap(String model, String trainingSet, long conversations) {}

  /** A 95 % interval, in nats a label token. */
  public record Interval(double mean, double low, double high) {}

  /**
   * @param testSet which one, in words
   * @param overlaps of everything that candidate and incumbent were trained on
   * @param pairs empty where they were not measured because of an overlap
   */
  public record Evidence(
      String testSet,
      String candidate,
      String incumbent,
      List<Overlap> overlaps,
      List<Pair> pairs) {
    public Evidence {
      overlaps = List.copyOf(overlaps);
      pairs = List.copyOf(pairs);
    }

    public boolean overlapping() {
      return overlaps.stream().anyMatch(o -> o.conversations() > 0);
    }
  }

  /** What the gate asks for. */
  public static String expected(String incumbent) {
    return "a loss below that of "
        + incumbent
        + " on the model's frozen test set, which no training set overlaps: the 95 % interval of the"
        + " difference lies below 0";
  }

  public static GateResult judge(Evidence e) {
    var expected = expected(e.incumbent());
    if (e.overlapping()) {
      var told =
          e.overlaps().stream()
              .filter(o -> o.conversations() > 0)
              .map(
                  o ->
                      "%d conversations of it stand in %s, which %s was trained on"
                          .formatted(o.conversations(), o.trainingSet(), o.model()))
              .toList();
      return new GateResult(
          NAME, false, expected, e.testSet() + ": " + String.join(", ", told) + "; not measured");
    }
    if (e.pairs().size() < FEWEST) {
      return new GateResult(
          NAME,
          false,
          expected,
          "%s has %d conversations with label tokens; at least %d are needed for an interval"
              .formatted(e.testSet(), e.pairs().size(), FEWEST));
    }
    long labels = e.pairs().stream().mapToLong(Pair::labels).sum();
    double candidate = e.pairs().stream().mapToDouble(Pair::candidate).sum() / labels;
    double incumbent = e.pairs().stream().mapToDouble(Pair::incumbent).sum() / labels;
    var interval = interval(e.pairs(), RESAMPLES, SEED);
    boolean finite = Double.isFinite(interval.low()) && Double.isFinite(interval.high());
    return new GateResult(
        NAME,
        finite && interval.high() < 0,
        expected,
        String.format(
            Locale.ROOT,
            "%s %.4f, %s %.4f nats a token on %s (%d conversations, %d label tokens): difference"
                + " %+.4f, 95 %% interval %+.4f to %+.4f",
            e.candidate(),
            candidate,
            e.incumbent(),
            incumbent,
            e.testSet(),
            e.pairs().size(),
            labels,
            interval.mean(),
            interval.low(),
            interval.high()));
  }

  /** The paired bootstrap's percentile interval of candidate minus incumbent. */
  static Interval interval(List<Pair> pairs, int resamples, long seed) {
    int n = pairs.size();
    var differences = new double[n];
    var labels = new long[n];
    for (int i = 0; i < n; i++) {
      differences[i] = pairs.get(i).candidate() - pairs.get(i).incumbent();
      labels[i] = pairs.get(i).labels();
    }
    var random = new SplittableRandom(seed);
    var means = new double[resamples];
    for (int r = 0; r < resamples; r++) {
      double sum = 0;
      long tokens = 0;
      for (int k = 0; k < n; k++) {
        // A uniform index out of 64 random bits (Lemire 2019, without the rejection: n is small).
        int i = (int) Math.unsignedMultiplyHigh(random.nextLong(), n);
        sum += differences[i];
        tokens += labels[i];
      }
      means[r] = sum / tokens;
    }
    Arrays.sort(means);
    return new Interval(
        Arrays.stream(differences).sum() / Arrays.stream(labels).sum(),
        quantile(means, 0.025),
        quantile(means, 0.975));
  }

  /** Between neighbours by proportion (Hyndman and Fan 1996, definition 7, as numpy has it). */
  private static double quantile(double[] sorted, double p) {
    double at = p * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
