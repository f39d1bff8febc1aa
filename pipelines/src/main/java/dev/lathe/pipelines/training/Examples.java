package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.tokens.ShardReader;
import dev.lathe.engine.MicroBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** One split of a dataset version, as the trainer takes it. */
final class Examples implements AutoCloseable {
  private final ShardReader shard;
  private final int maxLength;
  private final int[] lengths;
  private final int[] labels;

  /**
   * @param maxLength tokens used of an example, from its beginning; 0 for all
   * @param vocabulary ids are below it, or the dataset was made for another base
   */
  Examples(Path shardFile, int maxLength, int vocabulary) {
    this.shard = ShardReader.open(shardFile);
    this.maxLength = maxLength > 0 ? maxLength : Integer.MAX_VALUE;
    int n = Math.toIntExact(shard.size());
    this.lengths = new int[n];
    this.labels = new int[n];
    for (int i = 0; i < n; i++) {
      var example = shard.example(i);
      lengths[i] = Math.min(example.length(), this.maxLength);
      // The first token is predicted by nothing.
      labels[i] = example.labelled().get(Math.min(1, lengths[i]), lengths[i]).cardinality();
      int highest = Arrays.stream(example.ids()).max().orElse(0);
      if (highest >= vocabulary) {
        shard.close();
        throw new BadInput(
            "The dataset holds a token that the base does not know",
            Integer.toString(highest),
            "Build the dataset for this base.");
      }
    }
  }

  /** An absent split is an empty one. */
  static boolean exist(Path shardFile) {
    return Files.exists(shardFile);
  }

  /** The conversation's id in the dataset. */
  String id(int index) {
    return shard.example(index).id();
  }

  int size() {
    return lengths.length;
  }

  int[] lengths() {
    return lengths;
  }

  int[] labels() {
    return labels;
  }

  /** Examples of which something was left off by {@code maxLength}. */
  long truncated() {
    return IntStream.range(0, size()).filter(i -> shard.length(i) > maxLength).count();
  }

  MicroBatch batch(int[] indexes) {
    return MicroBatch.of(Arrays.stream(indexes).mapToObj(this::sequence).toList());
  }

  /** All of it, in micro-batches of at most so many tokens. */
  List<int[]> inOrder(int budget) {
    return DataOrder.filled(IntStream.range(0, size()).toArray(), lengths, budget);
  }

  /** As much from the beginning as holds so many tokens, one example at least; 0 for all. */
  List<int[]> inOrder(int budget, int most) {
    int end = 0;
    long tokens = 0;
    while (end < size() && (most == 0 || end == 0 || tokens + lengths[end] <= most)) {
      tokens += lengths[end++];
    }
    return DataOrder.filled(IntStream.range(0, end).toArray(), lengths, budget);
  }

  /** Tokens of the longest of some examples. */
  int longest(int[] indexes) {
    return Arrays.stream(indexes).map(i -> lengths[i]).max().orElse(0);
  }

  long tokens(List<int[]> batches) {
    return batches.stream().flatMapToInt(Arrays::stream).mapToLong(i -> lengths[i]).sum();
  }

  MicroBatch.Sequence sequence(int index) {
    var example = shard.example(index);
    int n = lengths[index];
    return new MicroBatch.Sequence(
        Arrays.copyOf(example.ids(), n), Arrays.copyOf(example.labels(), n));
  }

  @Override
  public void close() {
    shard.close();
  }
}
