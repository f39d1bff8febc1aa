package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.tokens.Preferences;
import dev.lathe.datasets.tokens.ShardReader;
import dev.lathe.engine.MicroBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One split of a dataset version, as the trainer takes it. An example is a row of the shard, or,
 * where pairs are learned from, a chosen and a rejected row; of a preference dataset, where neither
 * pairs nor judgements are asked for, only the liked rows count.
 */
final class Examples implements AutoCloseable {
  private final ShardReader shard;
  private final int maxLength;
  private final @Nullable Preferences preferences;
  private final int[][] rows;
  private final int[] lengths;
  private final int[] labels;

  /** Conversations to learn, or the liked answers of a preference dataset. */
  Examples(Path shardFile, int maxLength, int vocabulary) {
    this(shardFile, maxLength, vocabulary, Recipe.Objective.SFT);
  }

  /**
   * @param maxLength tokens used of a row, from its beginning; 0 for all
   * @param vocabulary ids are below it, or the dataset was made for another base
   * @param objective decides what an example is
   */
  Examples(Path shardFile, int maxLength, int vocabulary, Recipe.Objective objective) {
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
    this.rows = examples(objective, preferences, n).toArray(int[][]::new);
    this.lengths =
        Arrays.stream(rows).mapToInt(e -> Arrays.stream(e).map(this::length).sum()).toArray();
    this.labels =
        Arrays.stream(rows)
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

  /** Tokens used of a row. */
  private int length(int row) {
    return Math.min(shard.length(row), maxLength);
  }

  /** An absent split is an empty one. */
  static boolean exist(Path shardFile) {
    return Files.exists(shardFile);
  }

  /** The conversation's id in the dataset. */
  String id(int row) {
    return shard.example(row).id();
  }

  /** Tokens used of the rows that some examples are made of, row by row. */
  int[] rowLengths(int[] examples) {
    return Arrays.stream(rows(examples)).map(this::length).toArray();
  }

  /** Tokens of some examples together. */
  int tokens(int[] examples) {
    return Arrays.stream(examples).map(i -> lengths[i]).sum();
  }

  int size() {
    return lengths.length;
  }

  /** Tokens of every example. */
  int[] lengths() {
    return lengths;
  }

  /** Learned tokens of every example; 0 where a row of it has none left. */
  int[] labels() {
    return labels;
  }

  /** Whether anything can be learned. */
  boolean learnable() {
    return Arrays.stream(labels).anyMatch(n -> n > 0);
  }

  /** Examples of which {@code maxLength} left nothing to learn. */
  long unusable() {
    return Arrays.stream(labels).filter(n -> n == 0).count();
  }

  /** The shard's rows that some examples are made of, a pair's chosen one first. */
  int[] rows(int[] examples) {
    return Arrays.stream(examples).flatMap(i -> Arrays.stream(rows[i])).toArray();
  }

  /** Which rows were liked. */
  boolean[] liked(int[] ofRows) {
    var liked = new boolean[ofRows.length];
    for (int i = 0; i < liked.length; i++) {
      liked[i] = preferences != null && preferences.liked().get(ofRows[i]);
    }
    return liked;
  }

  /** Learned tokens of some pairs' chosen answers. */
  long chosenLabels(int[] pairs) {
    return Arrays.stream(pairs)
        .mapToLong(i -> MicroBatch.of(List.of(sequence(rows[i][0]))).labelled())
        .sum();
  }

  /** Examples of which something was left off by {@code maxLength}. */
  long truncated() {
    return Arrays.stream(rows)
        .filter(e -> Arrays.stream(e).anyMatch(row -> shard.length(row) > maxLength))
        .count();
  }

  MicroBatch batch(int[] indexes) {
    return MicroBatch.of(Arrays.stream(rows(indexes)).mapToObj(this::sequence).toList());
  }

  /** All that can be learned, in micro-batches of at most so many tokens. */
  List<int[]> inOrder(int budget) {
    return inOrder(budget, 0);
  }

  /** As much from the beginning as holds so many tokens, one example at least; 0 for all. */
  List<int[]> inOrder(int budget, int most) {
    int[] usable = IntStream.range(0, size()).filter(i -> labels[i] > 0).toArray();
    int end = 0;
    long tokens = 0;
    while (end < usable.length
        && (most == 0 || end == 0 || tokens + lengths[usable[end]] <= most)) {
      tokens += lengths[usable[end++]];
    }
    return DataOrder.filled(Arrays.copyOf(usable, end), lengths, budget);
  }

  /** Tokens of the longest of some examples. */
  int longest(int[] indexes) {
    return Arrays.stream(indexes).map(i -> lengths[i]).max().orElse(0);
  }

  long tokens(List<int[]> batches) {
    return batches.stream().flatMapToInt(Arrays::stream).mapToLong(i -> lengths[i]).sum();
  }

  MicroBatch.Sequence sequence(int row) {
    var example = shard.example(row);
    int n = length(row);
    return new MicroBatch.Sequence(
        Arrays.copyOf(example.ids(), n), Arrays.copyOf(example.labels(), n));
  }

  /** One row's answer in another's context, as long as {@code maxLength} lets it be. */
  MicroBatch.Sequence mismatched(int context, int answer) {
    var before = sequence(context);
    var after = sequence(answer);
    int end = answerAt(before);
    int start = answerAt(after);
    int[] ids = joined(before.ids(), end, after.ids(), start);
    int[] marked = joined(before.labels(), end, after.labels(), start);
    int n = Math.min(ids.length, maxLength);
    return new MicroBatch.Sequence(Arrays.copyOf(ids, n), Arrays.copyOf(marked, n));
  }

  private static int answerAt(MicroBatch.Sequence sequence) {
    int at = 1;
    while (sequence.labels()[at] == MicroBatch.IGNORED) {
      at++;
    }
    return at;
  }

  private static int[] joined(int[] a, int end, int[] b, int start) {
    int[] joined = Arrays.copyOf(a, end + b.length - start);
    System.arraycopy(b, start, joined, end, b.length - start);
    return joined;
  }

  @Override
  public void close() {
    shard.close();
  }
}
