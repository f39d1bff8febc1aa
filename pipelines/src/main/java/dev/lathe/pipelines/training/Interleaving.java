package dev.lathe.pipelines.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The examples of several parts in one endless order, a pure function of the seed. Within a part,
 * pass follows pass, each in a shuffled order of its own without repetition; between parts the next
 * example is of the one that is furthest behind its share of what was learnt so far. So not only
 * the whole order but every stretch of it has the shares, up to the size of a few examples, without
 * any chance in it.
 *
 * <p>An epoch is as much as all parts hold together. Where parts count by their size, that is each
 * of them once; otherwise a part goes on in the next epoch where this one left it.
 */
final class Interleaving {
  private final int[][] parts;
  private final int[] units;
  private final double[] shares;
  private final boolean bySize;
  private final int seed;
  private final boolean shuffle;
  private final long[] sizes;
  private final List<State> starts = new ArrayList<>();

  /**
   * @param parts the examples of each
   * @param units how much is learnt of every example, above 0 for those of the parts
   * @param weights of the parts, none for their sizes; they need not add up to 1
   */
  Interleaving(int[][] parts, int[] units, double[] weights, int seed, boolean shuffle) {
    this.parts = parts;
    this.units = units;
    this.bySize = weights.length == 0;
    this.seed = seed;
    this.shuffle = shuffle;
    this.sizes =
        Arrays.stream(parts)
            .mapToLong(p -> Arrays.stream(p).mapToLong(i -> units[i]).sum())
            .toArray();
    this.shares = shares(bySize ? Arrays.stream(sizes).asDoubleStream().toArray() : weights);
    this.starts.add(State.first(parts.length));
  }

  /** Weights divided by their sum. */
  static double[] shares(double[] weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(w -> w / sum).toArray();
  }

  /** The share of each part; they add up to 1. */
  double[] shares() {
    return shares.clone();
  }

  /** How much is learnt in one pass over each part. */
  long[] sizes() {
    return sizes.clone();
  }

  /** The examples of an epoch, counted from 0, in order. */
  int[] epoch(int epoch) {
    if (bySize) {
      return walk(State.first(parts.length).atPass(epoch));
    }
    while (starts.size() <= epoch) {
      var state = starts.getLast().copy();
      walk(state);
      starts.add(state);
    }
    var state = starts.get(epoch).copy();
    var order = walk(state);
    if (starts.size() == epoch + 1) {
      starts.add(state);
    }
    return order;
  }

  /** Goes on for an epoch: the state is moved behind it. */
  private int[] walk(State s) {
    long end = s.epochs * total() + total();
    s.epochs++;
    var orders = new int[parts.length][];
    for (int p = 0; p < parts.length; p++) {
      orders[p] = pass(p, s.pass[p]);
    }
    var order = IntStream.builder();
    while (s.sum < end) {
      int p = furthestBehind(s);
      if (s.at[p] == parts[p].length) {
        s.at[p] = 0;
        orders[p] = pass(p, ++s.pass[p]);
      }
      int example = orders[p][s.at[p]++];
      s.drawn[p] += units[example];
      s.sum += units[example];
      order.add(example);
    }
    return order.build().toArray();
  }

  private long total() {
    return Arrays.stream(sizes).sum();
  }

  private int furthestBehind(State s) {
    int furthest = -1;
    double most = 0;
    for (int p = 0; p < parts.length; p++) {
      if (bySize && s.at[p] == parts[p].length) {
        continue; // seen in this epoch, whatever rounding says
      }
      double behind = shares[p] * (s.sum + 1) - s.drawn[p];
      if (furthest < 0 || behind > most) {
        furthest = p;
        most = behind;
      }
    }
    return furthest;
  }

  /** A part's examples in the order of its so many-th pass, counted from 0. */
  int[] pass(int part, int pass) {
    var order = parts[part].clone();
    if (shuffle) {
      shuffle(order, new SplittableRandom(((long) seed << 32) ^ ((long) part << 24) ^ pass));
    }
    return order;
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

  /** Where every part stands: its pass, the place in it, and how much was learnt of it so far. */
  private static final class State {
    private final int[] pass;
    private final int[] at;
    private final long[] drawn;
    private long sum;
    private long epochs;

    private State(int[] pass, int[] at, long[] drawn, long sum, long epochs) {
      this.pass = pass;
      this.at = at;
      this.drawn = drawn;
      this.sum = sum;
      this.epochs = epochs;
    }

    static State first(int parts) {
      return new State(new int[parts], new int[parts], new long[parts], 0, 0);
    }

    /** At the beginning of the same pass over every part; what came before counts for nothing. */
    State atPass(int number) {
      Arrays.fill(pass, number);
      return this;
    }

    State copy() {
      return new State(pass.clone(), at.clone(), drawn.clone(), sum, epochs);
    }
  }
}
