package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.tokens.Preferences;
import dev.lathe.datasets.tokens.ShardReader;
import dev.lathe.engine.MicroBatch;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One split of one dataset version: the rows of its shard, and the examples that an objective makes
 * of them. An example is a row, or, where pairs are learned from, a chosen and a rejected row; of a
 * preference dataset, where neither pairs nor judgements are asked for, only the liked rows count.
 */
final class Rows implements AutoCloseable {
  private final ShardReader shard;
  private final int maxLength;
  private final @Nullable Preferences preferences;
  private final int[][] examples;
  private final int[] labels;

  /**
   * @param maxLength tokens used of a row, from its beginning; 0 for all
   * @param vocabulary ids are below it, or the dataset was made for another base
   * @param objective decides what an example is
   */
  Rows(Path shardFile, int maxLength, int vocabulary, Recipe.Objective objective) {
    this.shard = ShardReader.open(shardFile);
    this.maxLength = maxLength > 0 ? maxLength : Integer.MAX_VALUE;
    this.preferences = shard.preferences().orElse(null);
    int n = Math.toIntExact(shard.size());
    int[] learned = new int[n];
    for (int i = 0; i < n; i++) {
      var example = shard.example(i);
      // The first token is predicted by nothing.
      int length = length(i);
      learned[i] = example.labelled().get(Math.min(1, length), length).cardinality();
      int highest = Arrays.stream(example.ids()).max().orElse(0);
      if (highest >= vocabulary) {
        shard.close();
        throw new BadInput(
            "The dataset holds a token that the base does not know",
            Integer.toString(highest),
            "Build the dataset for this base.");
      }
    }
    this.examples = examples(objective, preferences, n).toArray(int[][]::new);
    this.labels =
        Arrays.stream(examples)
            .mapToInt(
                e ->
                    Arrays.stream(e).allMatch(r -> learned[r] > 0)
                        ? Arrays.stream(e).map(r -> learned[r]).sum()
                        : 0)
            .toArray();
  }

  private static Stream<int[]> examples(
      Recipe.Objective objective, @Nullable Preferences preferences, int n) {
    return switch (objective) {
      case SFT ->
          IntStream.range(0, n)
              .filter(i -> preferences == null || preferences.liked().get(i))
              .mapToObj(i -> new int[] {i});
      case KTO -> IntStream.range(0, n).mapToObj(i -> new int[] {i});
      case DPO ->
          preferences == null
              ? Stream.of()
              : preferences.pairs().stream().map(p -> new int[] {p.chosen(), p.rejected()});
    };
  }

  int size() {
    return Math.toIntExact(shard.size());
  }

  /** The rows of every example, a pair's chosen one first. */
  int[][] examples() {
    return examples;
  }

  /** Learned tokens of every example; 0 where a row of it has none left. */
  int[] labels() {
    return labels;
  }

  /** Whether anything can be learned. */
  boolean learnable() {
    return Arrays.stream(labels).anyMatch(n -> n > 0);
  }

  /** The conversation's id in the dataset. */
  String id(int row) {
    return shard.example(row).id();
  }

  /** Tokens used of a row. */
  int length(int row) {
    return Math.min(shard.length(row), maxLength);
  }

  boolean truncated(int row) {
    return shard.length(row) > maxLength;
  }

  boolean liked(int row) {
    return preferences != null && preferences.liked().get(row);
  }

  MicroBatch.Sequence sequence(int row) {
    var example = shard.example(row);
    int n = length(row);
    return new MicroBatch.Sequence(
        Arrays.copyOf(example.ids(), n), Arrays.copyOf(example.labels(), n));
  }

  @Override
  public void close() {
    shard.close();
  }
}
