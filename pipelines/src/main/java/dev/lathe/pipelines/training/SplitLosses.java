package dev.lathe.pipelines.training;

import dev.lathe.engine.Decoder;
import dev.lathe.engine.Decoder.Scores;
import dev.lathe.pipelines.training.EvaluateMain.Dear;
import dev.lathe.pipelines.training.EvaluateMain.Scored;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/**
 * What a model loses on a split, example by example, and token by token on the worst of them: only
 * those are kept while the split is read.
 */
final class SplitLosses {
  private static final int BUDGET = 2048;

  private static final Comparator<Dear> BY_LOSS =
      Comparator.comparingDouble(Dear::mean).thenComparingInt(Dear::row);

  private final int most;
  private final List<Scored> examples = new ArrayList<>();
  private final PriorityQueue<Dear> worst = new PriorityQueue<>(BY_LOSS);

  private SplitLosses(int most) {
    this.most = most;
  }

  /**
   * Reads all that can be learned from.
   *
   * @param worst examples of which every token is told
   */
  static SplitLosses of(Decoder decoder, Examples examples, int worst) {
    var losses = new SplitLosses(worst);
    var batches = examples.inOrder(BUDGET);
    for (int i = 0; i < batches.size(); i++) {
      losses.read(decoder, examples, batches.get(i));
      WorkerIo.progress("measuring", i + 1, batches.size());
    }
    return losses;
  }

  private void read(Decoder decoder, Examples examples, int[] indexes) {
    var batch = examples.batch(indexes);
    var scores = decoder.scores(batch);
    int[] rows = examples.rows(indexes);
    int[] lengths = examples.rowLengths(indexes);
    int[] counts = batch.labelledEach();
    int from = 0;
    for (int k = 0; k < rows.length; k++) {
      int to = from + counts[k];
      int[] labels = Arrays.copyOfRange(batch.labels(), from, to);
      add(rows[k], lengths[k], labels, part(scores, from, to));
      from = to;
    }
  }

  private static Scores part(Scores all, int from, int to) {
    return new Scores(
        Arrays.copyOfRange(all.label(), from, to),
        Arrays.copyOfRange(all.best(), from, to),
        Arrays.copyOfRange(all.likeliest(), from, to));
  }

  private void add(int row, int tokens, int[] labels, Scores scores) {
    int right =
        (int)
            IntStream.range(0, labels.length)
                .filter(i -> scores.likeliest()[i] == labels[i])
                .count();
    double loss = -Arrays.stream(scores.label()).sum();
    examples.add(new Scored(row, tokens, labels.length, loss, right));
    var dear =
        new Dear(
            row,
            Arrays.stream(scores.label()).mapToObj(l -> -l).toList(),
            Arrays.stream(scores.likeliest()).boxed().toList());
    if (worst.size() < most) {
      worst.add(dear);
    } else if (most > 0 && BY_LOSS.compare(dear, worst.element()) > 0) {
      worst.remove();
      worst.add(dear);
    }
  }

  /** In the split's order. */
  List<Scored> examples() {
    return List.copyOf(examples);
  }

  /** The worst first. */
  List<Dear> worst() {
    return worst.stream().sorted(BY_LOSS.reversed()).toList();
  }

  long labels() {
    return examples.stream().mapToLong(Scored::labels).sum();
  }

  /** A label token, in nats. */
  double meanLoss() {
    return examples.stream().mapToDouble(Scored::loss).sum() / labels();
  }

  double accuracy() {
    return (double) examples.stream().mapToLong(Scored::right).sum() / labels();
  }
}
