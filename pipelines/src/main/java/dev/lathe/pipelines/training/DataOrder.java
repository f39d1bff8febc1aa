package dev.lathe.pipelines.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which examples stand in which micro-batch, for ever: a pure function of lengths, shares, seed and
 * position, so that a resumed run needs only the position. Every epoch has its own order ({@link
 * Interleaving}); a micro-batch takes whole examples in that order until the next would pass the
 * token budget, and none straddles two epochs.
 */
public final class DataOrder {
  private final int[] lengths;
  private final int[][] parts;
  private final Interleaving interleaving;
  private final int budget;
  private int cachedEpoch = -1;
  private List<int[]> cached = List.of();

  /**
   * Of one part.
   *
   * @param lengths tokens of every example
   * @param labels learnable tokens of every example; those without are never visited
   * @param budget tokens of a micro-batch; a longer example is one of its own
   */
  public DataOrder(int[] lengths, int[] labels, int budget, int seed, boolean shuffle) {
    this(lengths, labels, new int[lengths.length], new double[0], budget, seed, shuffle);
  }

  /**
   * Of a mixture.
   *
   * @param units what of every example is counted for the shares; examples of 0 are never visited
   * @param partOf every example's part, from 0 on
   * @param weights of the parts; none where they count by the units that they hold
   */
  DataOrder(
      int[] lengths,
      int[] units,
      int[] partOf,
      double[] weights,
      int budget,
      int seed,
      boolean shuffle) {
    this.lengths = lengths.clone();
    this.parts =
        IntStream.rangeClosed(0, Arrays.stream(partOf).max().orElse(0))
            .mapToObj(p -> usable(p, units, partOf))
            .toArray(int[][]::new);
    this.budget = budget;
    if (Arrays.stream(parts).anyMatch(p -> p.length == 0)) {
      throw new IllegalArgumentException("no example has anything to learn");
    }
    this.interleaving = new Interleaving(parts, units.clone(), weights, seed, shuffle);
  }

  private static int[] usable(int part, int[] units, int[] partOf) {
    return IntStream.range(0, units.length)
        .filter(i -> partOf[i] == part && units[i] > 0)
        .toArray();
  }

  /** The order in which a recipe trains on examples. */
  static DataOrder of(Recipe recipe, Examples examples) {
    return new DataOrder(
        examples.lengths(),
        examples.units(),
        examples.partOf(),
        examples.weights(),
        recipe.batchTokens(),
        recipe.seed(),
        recipe.shuffle());
  }

  /** The examples' indexes, micro-batch by micro-batch, of an epoch counted from 0. */
  public List<int[]> epoch(int epoch) {
    if (epoch == cachedEpoch) {
      return cached;
    }
    var batches = filled(interleaving.epoch(epoch), lengths, budget);
    cachedEpoch = epoch;
    cached = batches;
    return batches;
  }

  /**
   * Micro-batches that hold every example once: each part's first pass. Of one part it is the first
   * epoch.
   */
  List<int[]> once() {
    return IntStream.range(0, parts.length)
        .boxed()
        .flatMap(p -> filled(interleaving.pass(p, 0), lengths, budget).stream())
        .toList();
  }

  /** The share of each part in what is learnt. */
  double[] shares() {
    return interleaving.shares();
  }

  /** Passes over each part in so many epochs, an epoch being as much as all parts hold together. */
  double[] passes(double epochs) {
    var shares = interleaving.shares();
    var sizes = interleaving.sizes();
    double all = epochs * Arrays.stream(sizes).sum();
    return IntStream.range(0, shares.length).mapToDouble(p -> all * shares[p] / sizes[p]).toArray();
  }

  /**
   * Examples in the given order, as many to a micro-batch as the budget takes; one that is longer
   * than the budget stands alone.
   */
  static List<int[]> filled(int[] order, int[] lengths, int budget) {
    var batches = new ArrayList<int[]>();
    int from = 0;
    int tokens = 0;
    for (int i = 0; i < order.length; i++) {
      int length = lengths[order[i]];
      if (i > from && tokens + length > budget) {
        batches.add(Arrays.copyOfRange(order, from, i));
        from = i;
        tokens = 0;
      }
      tokens += length;
    }
    if (from < order.length) {
      batches.add(Arrays.copyOfRange(order, from, order.length));
    }
    return batches;
  }

  /** Micro-batches in so many epochs; a fraction counts into the next. */
  public long microBatches(double epochs) {
    long count = 0;
    int whole = (int) epochs;
    for (int e = 0; e < whole; e++) {
      count += epoch(e).size();
    }
    return count + (long) Math.ceil((epochs - whole) * epoch(whole).size());
  }

  /** A place in the order: the next micro-batch is {@code batch} of {@code epoch}. */
  public record Position(int epoch, int batch) {
    public static final Position START = new Position(0, 0);
  }

  public int[] at(Position p) {
    return epoch(p.epoch()).get(p.batch());
  }

  public Position after(Position p) {
    return p.batch() + 1 < epoch(p.epoch()).size()
        ? new Position(p.epoch(), p.batch() + 1)
        : new Position(p.epoch() + 1, 0);
  }

  /** Passes over the data so far, with the fraction of the one under way. */
  public double epochsAt(Position p) {
    return p.epoch() + (double) p.batch() / epoch(p.epoch()).size();
  }
}
