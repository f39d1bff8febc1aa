package dev.lathe.pipelines.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Which examples stand in which micro-batch, for ever: a pure function of lengths, seed and
 * position, so that a resumed run needs only the position. Every epoch has its own order; a
 * micro-batch takes whole examples in that order until the next would pass the token budget, and
 * none straddles two epochs.
 */
public final class DataOrder {
  private final int[] lengths;
  private final int[] usable;
  private final int budget;
  private final int seed;
  private final boolean shuffle;
  private int cachedEpoch = -1;
  private List<int[]> cached = List.of();

  /**
   * @param lengths tokens of every example
   * @param labels learnable tokens of every example; those without are never visited
   * @param budget tokens of a micro-batch; a longer example is one of its own
   */
  public DataOrder(int[] lengths, int[] labels, int budget, int seed, boolean shuffle) {
    this.lengths = lengths.clone();
    this.usable = IntStream.range(0, lengths.length).filter(i -> labels[i] > 0).toArray();
    this.budget = budget;
    this.seed = seed;
    this.shuffle = shuffle;
    if (usable.length == 0) {
      throw new IllegalArgumentException("no example has anything to learn");
    }
  }

  /** The order in which a recipe trains on examples. */
  static DataOrder of(Recipe recipe, Examples examples) {
    return new DataOrder(
        examples.lengths(),
        examples.labels(),
        recipe.batchTokens(),
        recipe.seed(),
        recipe.shuffle());
  }

  /** The examples' indexes, micro-batch by micro-batch, of an epoch counted from 0. */
  public List<int[]> epoch(int epoch) {
    if (epoch == cachedEpoch) {
      return cached;
    }
    var order = usable.clone();
    if (shuffle) {
      shuffle(order, new SplittableRandom(((long) seed << 32) ^ epoch));
    }
    var batches = filled(order, lengths, budget);
    cachedEpoch = epoch;
    cached = batches;
    return batches;
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

  /** Fisher and Yates, backwards. */
  private static void shuffle(int[] order, SplittableRandom random) {
    for (int i = order.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
  }
}
