package dev.lathe.datasets.tokens;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Whole examples laid into bins of a given capacity. */
public final class Packing {
  private Packing() {}

  /**
   * First fit: each length, in order, goes into the first bin with room for it. Deterministic; O(n
   * log n) by a tree of maxima over the bins' free room.
   *
   * @return for each bin, the indices of what lies in it, in order; every index exactly once
   * @throws IllegalArgumentException for a length below 0 or above the capacity: truncate first
   */
  public static List<int[]> firstFit(int[] lengths, int capacity) {
    int leaves = Math.max(1, Integer.highestOneBit(Math.max(1, lengths.length - 1)) * 2);
    int[] room = new int[2 * leaves];
    Arrays.fill(room, capacity);
    int[] binOf = new int[lengths.length];
    int bins = 0;
    for (int i = 0; i < lengths.length; i++) {
      int length = lengths[i];
      if (length < 0 || length > capacity) {
        throw new IllegalArgumentException(
            "length %d does not fit a bin of %d".formatted(length, capacity));
      }
      int node = 1;
      while (node < leaves) {
        node = room[2 * node] >= length ? 2 * node : 2 * node + 1;
      }
      binOf[i] = node - leaves;
      bins = Math.max(bins, binOf[i] + 1);
      room[node] -= length;
      for (node /= 2; node >= 1; node /= 2) {
        room[node] = Math.max(room[2 * node], room[2 * node + 1]);
      }
    }
    return gather(binOf, bins);
  }

  private static List<int[]> gather(int[] binOf, int bins) {
    int[] sizes = new int[bins];
    for (int bin : binOf) {
      sizes[bin]++;
    }
    var out = new ArrayList<int[]>(bins);
    for (int size : sizes) {
      out.add(new int[size]);
    }
    Arrays.fill(sizes, 0);
    for (int i = 0; i < binOf.length; i++) {
      out.get(binOf[i])[sizes[binOf[i]]++] = i;
    }
    return out;
  }
}
