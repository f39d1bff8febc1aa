package dev.lathe.pipelines.training;

import dev.lathe.engine.MicroBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What a run learns from, or is validated on: one split of a dataset version, or of the several
 * that a mixture is made of, one part behind the other. Examples and rows are numbered through.
 */
final class Examples implements AutoCloseable {
  /**
   * A part.
   *
   * @param name the dataset version's
   */
  record Part(String name, Rows rows) {}

  private final List<Part> parts;
  private final double[] weights;
  private final Recipe.Objective objective;
  private final int maxLength;
  private final int[] firstRow;
  private final int[][] rows;
  private final int[] lengths;
  private final int[] labels;
  private final int[] partOf;

  /** Conversations to learn, or the liked answers of a preference dataset. */
  Examples(Path shardFile, int maxLength, int vocabulary) {
    this(shardFile, maxLength, vocabulary, Recipe.Objective.SFT);
  }

  /** One split of one dataset version, as {@link Rows} reads it. */
  Examples(Path shardFile, int maxLength, int vocabulary, Recipe.Objective objective) {
    this(
        List.of(new Part("", new Rows(shardFile, maxLength, vocabulary, objective))),
        new double[0],
        maxLength,
        objective);
  }

  /**
   * @param parts all read alike; closed with this
   * @param weights how much each part counts beside the others; none where they count by what they
   *     hold
   * @param maxLength tokens used of a row, from its beginning; 0 for all
   */
  Examples(List<Part> parts, double[] weights, int maxLength, Recipe.Objective objective) {
    this.parts = List.copyOf(parts);
    this.weights = weights.clone();
    this.objective = objective;
    this.maxLength = maxLength > 0 ? maxLength : Integer.MAX_VALUE;
    this.firstRow = new int[parts.size() + 1];
    var allRows = new ArrayList<int[]>();
    var allLabels = IntStream.builder();
    var owners = IntStream.builder();
    for (int p = 0; p < parts.size(); p++) {
      var of = parts.get(p).rows();
      int first = firstRow[p];
      firstRow[p + 1] = first + of.size();
      for (int e = 0; e < of.examples().length; e++) {
        allRows.add(Arrays.stream(of.examples()[e]).map(r -> first + r).toArray());
        allLabels.add(of.labels()[e]);
        owners.add(p);
      }
    }
    this.rows = allRows.toArray(int[][]::new);
    this.labels = allLabels.build().toArray();
    this.partOf = owners.build().toArray();
    this.lengths =
        Arrays.stream(rows).mapToInt(e -> Arrays.stream(e).map(this::length).sum()).toArray();
  }

  /** An absent split is an empty one. */
  static boolean exist(Path shardFile) {
    return Files.exists(shardFile);
  }

  /** The dataset versions' names, part by part. */
  List<String> names() {
    return parts.stream().map(Part::name).toList();
  }

  /** Every example's part. */
  int[] partOf() {
    return partOf;
  }

  /** How much each part counts beside the others; none where they count by what they hold. */
  double[] weights() {
    return weights.clone();
  }

  /**
   * How many of the conversations here stand among others too, token by token, as another
   * dataset's.
   */
  long foundElsewhere(Examples others) {
    var owners = new HashMap<List<Integer>, Set<String>>();
    for (int row = 0; row < firstRow[parts.size()]; row++) {
      owners.computeIfAbsent(tokens(row), t -> new HashSet<>()).add(parts.get(part(row)).name());
    }
    var met = new HashSet<List<Integer>>();
    for (int row = 0; row < others.firstRow[others.parts.size()]; row++) {
      var tokens = others.tokens(row);
      var here = owners.get(tokens);
      if (here != null && !here.equals(Set.of(others.parts.get(others.part(row)).name()))) {
        met.add(tokens);
      }
    }
    return met.size();
  }

  private List<Integer> tokens(int row) {
    return Arrays.stream(sequence(row).ids()).boxed().toList();
  }

  /**
   * What of every example counts for the shares of a mixture: what the loss of a step is the mean
   * over, so that a share is one of the gradient. Learned tokens, or where preferences are learnt
   * the example itself; 0 where nothing is left to learn.
   */
  int[] units() {
    return objective == Recipe.Objective.SFT
        ? labels
        : Arrays.stream(labels).map(n -> Math.min(n, 1)).toArray();
  }

  private int part(int row) {
    int found = Arrays.binarySearch(firstRow, row);
    int p = found >= 0 ? found : -found - 2;
    while (firstRow[p + 1] <= row) {
      p++; // behind an empty part
    }
    return p;
  }

  private Rows of(int row) {
    return parts.get(part(row)).rows();
  }

  private int within(int row) {
    return row - firstRow[part(row)];
  }

  /** Tokens used of a row. */
  private int length(int row) {
    return of(row).length(within(row));
  }

  /** The conversation's id in the dataset; of a mixture, with the dataset. */
  String id(int row) {
    var id = of(row).id(within(row));
    return parts.size() == 1 ? id : id + " of " + parts.get(part(row)).name();
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
      liked[i] = of(ofRows[i]).liked(within(ofRows[i]));
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
        .filter(e -> Arrays.stream(e).anyMatch(row -> of(row).truncated(within(row))))
        .count();
  }

  MicroBatch batch(int[] indexes) {
    return MicroBatch.of(Arrays.stream(rows(indexes)).mapToObj(this::sequence).toList());
  }

  /** All that can be learned, in micro-batches of at most so many tokens. */
  List<int[]> inOrder(int budget) {
    return inOrder(budget, 0);
  }

  /** As much of every part as {@link #byPart} takes, one part behind the other. */
  List<int[]> inOrder(int budget, int most) {
    return byPart(budget, most).stream().flatMap(List::stream).toList();
  }

  /**
   * Part by part, as much from its beginning as holds its share of so many tokens, one example at
   * least.
   *
   * @param budget tokens of a micro-batch
   * @param most tokens of all parts, 0 for everything
   */
  List<List<int[]>> byPart(int budget, int most) {
    var shares = shares();
    return IntStream.range(0, parts.size())
        .mapToObj(p -> inOrder(p, budget, most == 0 ? 0 : Math.max(1, (int) (most * shares[p]))))
        .toList();
  }

  private List<int[]> inOrder(int part, int budget, int most) {
    int[] usable =
        IntStream.range(0, size()).filter(i -> partOf[i] == part && labels[i] > 0).toArray();
    int end = 0;
    long tokens = 0;
    while (end < usable.length
        && (most == 0 || end == 0 || tokens + lengths[usable[end]] <= most)) {
      tokens += lengths[usable[end++]];
    }
    return DataOrder.filled(Arrays.copyOf(usable, end), lengths, budget);
  }

  /** The share of each part; they add up to 1. */
  double[] shares() {
    if (weights.length > 0) {
      return Interleaving.shares(weights);
    }
    var held = new double[parts.size()];
    int[] units = units();
    for (int i = 0; i < units.length; i++) {
      held[partOf[i]] += units[i];
    }
    return Interleaving.shares(held);
  }

  /** Tokens of the longest of some examples. */
  int longest(int[] indexes) {
    return Arrays.stream(indexes).map(i -> lengths[i]).max().orElse(0);
  }

  long tokens(List<int[]> batches) {
    return batches.stream().flatMapToInt(Arrays::stream).mapToLong(i -> lengths[i]).sum();
  }

  MicroBatch.Sequence sequence(int row) {
    return of(row).sequence(within(row));
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
    parts.forEach(p -> p.rows().close());
  }
}
