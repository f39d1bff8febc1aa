package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How likely a split's answers were to the model that the run began with. It never changes, so it
 * is computed once, when first asked for: in the micro-batch in which an answer stands first, and
 * for all answers of that at once. So an answer's figure is the same to the last bit whenever and
 * wherever it comes up: a resumed run finds what the first one found.
 */
final class References {
  private final Decoder decoder;
  private final Examples examples;
  private final List<int[]> homes;
  private final Map<Integer, Integer> homeOf = new HashMap<>();
  private final Map<Integer, Double> known = new HashMap<>();

  /**
   * @param decoder its reference is kept
   * @param homes micro-batches that hold every example that will be asked for
   */
  References(Decoder decoder, Examples examples, List<int[]> homes) {
    this.decoder = decoder;
    this.examples = examples;
    this.homes = homes;
    for (int home = 0; home < homes.size(); home++) {
      for (int row : examples.rows(homes.get(home))) {
        homeOf.putIfAbsent(row, home);
      }
    }
  }

  /** Log-probabilities of answers, by their rows, in nats. */
  double[] of(int[] rows) {
    var found = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      if (!known.containsKey(rows[i])) {
        visit(Objects.requireNonNull(homeOf.get(rows[i]), "an answer without a micro-batch"));
      }
      found[i] = Objects.requireNonNull(known.get(rows[i]));
    }
    return found;
  }

  private void visit(int home) {
    var batch = examples.batch(homes.get(home));
    int[] rows = examples.rows(homes.get(home));
    var sums = decoder.referenceScores(batch).labelSums(batch);
    // An answer of several pairs stands in several micro-batches; only its first one counts.
    for (int i = 0; i < rows.length; i++) {
      if (Integer.valueOf(home).equals(homeOf.get(rows[i]))) {
        known.putIfAbsent(rows[i], sums[i]);
      }
    }
  }
}
