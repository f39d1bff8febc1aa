package dev.lathe.pipelines.training;

import dev.lathe.engine.MicroBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What one optimizer step learns from.
 *
 * @param from the split that the examples are of
 * @param first the first micro-batch's place in the order, next the one after the last
 * @param examples indexes, micro-batch by micro-batch
 */
record Drawn(
    Examples from,
    DataOrder.Position first,
    DataOrder.Position next,
    List<int[]> examples,
    List<MicroBatch> batches) {

  /**
   * The {@code accumulate} micro-batches from a position on.
   *
   * @param parts how finely each is cut
   */
  static Drawn at(
      DataOrder.Position first, DataOrder order, Examples train, Recipe recipe, int parts) {
    var examples = new ArrayList<int[]>();
    var next = first;
    for (int i = 0; i < recipe.accumulate(); i++) {
      examples.addAll(Cuts.pieces(order.at(next), train.lengths(), recipe.batchTokens(), parts));
      next = order.after(next);
    }
    return new Drawn(train, first, next, examples, examples.stream().map(train::batch).toList());
  }

  int size() {
    return batches.size();
  }

  long tokens() {
    return batches.stream().mapToLong(MicroBatch::tokens).sum();
  }

  long labels() {
    return batches.stream().mapToLong(MicroBatch::labelled).sum();
  }

  /** Of a micro-batch whose losses sum to {@code losses[i]}. */
  double mean(double[] losses, int i) {
    return losses[i] / batches.get(i).labelled();
  }

  /** The conversations of a micro-batch, as the dataset calls them. */
  List<String> conversations(int i) {
    return Arrays.stream(examples.get(i)).mapToObj(from::id).toList();
  }

  List<String> conversations() {
    return examples.stream().flatMapToInt(Arrays::stream).mapToObj(from::id).toList();
  }
}
