package dev.lathe.datasets.cleaning;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Signatures whose share of equal places estimates the Jaccard similarity of two texts' sets of
 * 5-character shingles (Broder 1997). Each place is the least value of all shingles under its own
 * multiply-add hash of 32 bits; a shingle is hashed to 64 bits once, and both halves go in
 * (multilinear hashing: Dietzfelbinger et al. 1997).
 */
final class MinHash {
  static final int SHINGLE = 5;

  /** 20 bands of 13: alike by 0.8 are candidates with 68 %, by 0.9 with 99.8 %, by 0.6 with 3 %. */
  static final int BANDS = 20;

  static final int ROWS = 13;
  static final int PLACES = BANDS * ROWS;

  private static final int[] LOW = new int[PLACES];
  private static final int[] HIGH = new int[PLACES];

  static {
    var random = new SplittableRandom(0x1A7E);
    for (int i = 0; i < PLACES; i++) {
      LOW[i] = random.nextInt() | 1;
      HIGH[i] = random.nextInt() | 1;
    }
  }

  private MinHash() {}

  static int[] signature(CharSequence text) {
    long[] shingles = distinctShingles(text);
    int[] least = new int[PLACES];
    Arrays.fill(least, Integer.MAX_VALUE);
    for (long shingle : shingles) {
      lower(least, (int) shingle, (int) (shingle >>> 32));
    }
    return least;
  }

  /** The loop that all the time goes into; plain enough for the JIT to make vectors of it. */
  private static void lower(int[] least, int low, int high) {
    for (int i = 0; i < PLACES; i++) {
      least[i] = Math.min(least[i], LOW[i] * low + HIGH[i] * high);
    }
  }

  /** A 64-bit hash of each shingle, once. A text shorter than a shingle is one. */
  private static long[] distinctShingles(CharSequence text) {
    int n = Math.max(1, text.length() - SHINGLE + 1);
    int mask = Integer.highestOneBit(Math.max(8, n)) * 4 - 1;
    long[] table = new long[mask + 1];
    long[] out = new long[n];
    int found = 0;
    for (int at = 0; at < n; at++) {
      long hash = hash(text, at, Math.min(text.length(), at + SHINGLE));
      int slot = (int) hash & mask;
      while (table[slot] != 0 && table[slot] != hash) {
        slot = (slot + 1) & mask;
      }
      if (table[slot] == 0) {
        table[slot] = hash;
        out[found++] = hash;
      }
    }
    return Arrays.copyOf(out, found);
  }

  private static long hash(CharSequence text, int from, int to) {
    long hash = to - from;
    for (int i = from; i < to; i++) {
      hash = hash * 0x5851F42D4C957F2DL + text.charAt(i) + 1;
    }
    long mixed = Fingerprint.mix(hash);
    return mixed == 0 ? 1 : mixed;
  }

  /** The hash of one band: conversations that share one are candidates. */
  static long band(int[] signature, int band) {
    long hash = band + 1;
    for (int i = band * ROWS; i < (band + 1) * ROWS; i++) {
      hash = (hash ^ signature[i]) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    long mixed = Fingerprint.mix(hash);
    return mixed == 0 ? 1 : mixed;
  }
}
