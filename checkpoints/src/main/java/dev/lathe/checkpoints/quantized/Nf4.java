package dev.lathe.checkpoints.quantized;

import java.util.Arrays;

/**
 * Four-bit NormalFloat with double quantization (Dettmers et al. 2023, QLoRA), as bitsandbytes
 * packs it: blocks of 64 values share a scale, their largest magnitude; the scales, less their
 * mean, are themselves eight-bit codes in blocks of 256. 4.127 bits a value.
 *
 * @param codes two values a byte, the first in the upper half
 * @param scales eight-bit codes of the blocks' scales
 * @param outer what a block of 256 scales is multiplied with
 * @param offset what is added to every scale
 * @param count how many values there are
 */
@SuppressWarnings("ArrayRecordComponent") // handed on to be computed with, never compared
public record Nf4(byte[] codes, byte[] scales, float[] outer, float offset, int count) {
  public static final int BLOCK = 64;
  public static final int OUTER = 256;

  /** Quantiles of the normal distribution, zero among them, scaled to ±1 (bitsandbytes' table). */
  private static final float[] LEVELS = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f
  };

  private static final float[] SCALE_LEVELS = dynamic();

  public static float[] levels() {
    return LEVELS.clone();
  }

  /** What the eight-bit codes of scales stand for, before {@code outer} and {@code offset}. */
  public static float[] scaleLevels() {
    return SCALE_LEVELS.clone();
  }

  /**
   * Packs values whose number is a multiple of {@link #BLOCK}.
   *
   * @throws IllegalArgumentException when it is not
   */
  public static Nf4 pack(float[] values) {
    if (values.length == 0 || values.length % BLOCK != 0) {
      throw new IllegalArgumentException(values.length + " values are no whole blocks");
    }
    int blocks = values.length / BLOCK;
    var codes = new byte[values.length / 2];
    var largest = new float[blocks];
    for (int b = 0; b < blocks; b++) {
      float most = 0;
      for (int i = b * BLOCK; i < (b + 1) * BLOCK; i++) {
        most = Math.max(most, Math.abs(values[i]));
      }
      largest[b] = most;
      float by = most == 0 ? 1 : most;
      for (int i = b * BLOCK; i < (b + 1) * BLOCK; i += 2) {
        int upper = nearest(LEVELS, values[i] / by);
        int lower = nearest(LEVELS, values[i + 1] / by);
        codes[i / 2] = (byte) (upper << 4 | lower);
      }
    }
    return scaled(codes, largest, values.length);
  }

  private static Nf4 scaled(byte[] codes, float[] largest, int count) {
    double sum = 0;
    for (float l : largest) {
      sum += l;
    }
    float offset = (float) (sum / largest.length);
    var scales = new byte[largest.length];
    var outer = new float[Math.ceilDiv(largest.length, OUTER)];
    for (int o = 0; o < outer.length; o++) {
      int to = Math.min(largest.length, (o + 1) * OUTER);
      float most = 0;
      for (int i = o * OUTER; i < to; i++) {
        most = Math.max(most, Math.abs(largest[i] - offset));
      }
      outer[o] = most;
      if (most > 0) { // else any code will do; bitsandbytes writes 0
        for (int i = o * OUTER; i < to; i++) {
          scales[i] = (byte) nearest(SCALE_LEVELS, (largest[i] - offset) / most);
        }
      }
    }
    return new Nf4(codes, scales, outer, offset, count);
  }

  /** The values that the codes stand for. */
  public float[] unpack() {
    var values = new float[count];
    for (int i = 0; i < count; i++) {
      int block = i / BLOCK;
      float scale = SCALE_LEVELS[scales[block] & 0xFF] * outer[block / OUTER] + offset;
      int code = i % 2 == 0 ? (codes[i / 2] & 0xFF) >> 4 : codes[i / 2] & 0xF;
      values[i] = LEVELS[code] * scale;
    }
    return values;
  }

  /** The index of the nearest level; of two as near, the lower one. */
  private static int nearest(float[] levels, float value) {
    int low = 0;
    int high = levels.length - 1;
    while (low < high) {
      int mid = (low + high) / 2;
      if (value > (levels[mid] + levels[mid + 1]) / 2) {
        low = mid + 1;
      } else {
        high = mid;
      }
    }
    return low;
  }

  /**
   * Dynamic tree quantization (Dettmers et al. 2022): for every power of ten down to 1e-6 twice as
   * many values as for the one below it, either sign, and 0 and 1.
   */
  private static float[] dynamic() {
    var levels = new float[256];
    int n = 0;
    for (int i = 0; i < 7; i++) {
      int parts = 1 << i;
      for (int p = 0; p < parts; p++) {
        double from = 0.1 + 0.9 * p / parts;
        double to = 0.1 + 0.9 * (p + 1) / parts;
        double value = Math.pow(10, i - 6) * (from + to) / 2;
        levels[n++] = (float) value;
        levels[n++] = (float) -value;
      }
    }
    levels[n++] = 0;
    levels[n] = 1;
    Arrays.sort(levels);
    return levels;
  }
}
