package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.MicroBatch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How likely answers were to the model that the run began with. It never changes, so each is
 * computed once, when it is first asked for; and by itself, so that it is the same to the last bit
 * whatever else stood in the micro-batch: a resumed run finds what the first one found.
 */
final class References {
  private final Decoder decoder;
  private final Map<Examples, Map<Integer, Double>> known = new HashMap<>();

  /**
   * @param decoder its reference is kept
   */
  References(Decoder decoder) {
    this.decoder = decoder;
  }

  /** Log-probabilities of answers, by their rows in a split, in nats. */
  double[] of(Examples examples, int[] rows) {
    var its = known.computeIfAbsent(examples, e -> new HashMap<>());
    return Arrays.stream(rows)
        .mapToDouble(row -> its.computeIfAbsent(row, r -> alone(examples, r)))
        .toArray();
  }

  private double alone(Examples examples, int row) {
    var batch = MicroBatch.of(List.of(examples.sequence(row)));
    return decoder.referenceScores(batch).labelSums(batch)[0];
  }
}
