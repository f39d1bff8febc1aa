package dev.lathe.pipelines.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What one optimizer step learns from.
 *
 * @param from the split that the examples are of
 * @param first the first micro-batch's place in the order, next the one after the last
 * @param examples indexes, micro-batch by micro-batch
 */
record Drawn(
    Examples from, DataOrder.Position first, DataOrder.Position next, List<int[]> examples) {

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
    return new Drawn(train, first, next, examples);
  }

  int size() {
    return examples.size();
  }

  /** The conversations of a micro-batch, as the dataset calls them. */
  List<String> conversations(int i) {
    return ids(examples.get(i)).toList();
  }

  List<String> conversations() {
    return examples.stream().flatMap(this::ids).toList();
  }

  private Stream<String> ids(int[] some) {
    return Arrays.stream(from.rows(some)).mapToObj(from::id);
  }
}
