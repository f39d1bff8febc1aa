package dev.lathe.pipelines.training;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is told of judged answers, under TRL's names: rewards (beta times what an answer's
 * log-probability gained) and log-probabilities, chosen or liked ones apart from the others.
 */
final class Rewards {
  private final double beta;
  private final double[] rewards = new double[2];
  private final double[] logProbabilities = new double[2];
  private final long[] answers = new long[2];
  private long pairs;
  private long right;

  Rewards(double beta) {
    this.beta = beta;
  }

  void answer(boolean liked, double logProbability, double reference) {
    int side = liked ? 0 : 1;
    rewards[side] += beta * (logProbability - reference);
    logProbabilities[side] += logProbability;
    answers[side]++;
  }

  /** A chosen and a rejected answer. */
  void pair(double chosen, double chosenReference, double rejected, double rejectedReference) {
    answer(true, chosen, chosenReference);
    answer(false, rejected, rejectedReference);
    pairs++;
    right += chosen - chosenReference > rejected - rejectedReference ? 1 : 0;
  }

  /** All the sums, in the order in which {@link #add} takes them. */
  double[] tally() {
    return new double[] {
      rewards[0],
      rewards[1],
      logProbabilities[0],
      logProbabilities[1],
      answers[0],
      answers[1],
      pairs,
      right
    };
  }

  void add(double[] tally) {
    for (int side = 0; side < 2; side++) {
      rewards[side] += tally[side];
      logProbabilities[side] += tally[2 + side];
      answers[side] += (long) tally[4 + side];
    }
    pairs += (long) tally[6];
    right += (long) tally[7];
  }

  /** Means; without those of a side that no answer was on. */
  Map<String, Double> figures() {
    var figures = new LinkedHashMap<String, Double>();
    if (pairs > 0) {
      figures.put("rewards/accuracies", (double) right / pairs);
    }
    if (answers[0] > 0 && answers[1] > 0) {
      figures.put("rewards/margins", rewards[0] / answers[0] - rewards[1] / answers[1]);
    }
    for (int side = 0; side < 2; side++) {
      if (answers[side] > 0) {
        var name = side == 0 ? "chosen" : "rejected";
        figures.put("rewards/" + name, rewards[side] / answers[side]);
        figures.put("logps/" + name, logProbabilities[side] / answers[side]);
      }
    }
    return figures;
  }
}
