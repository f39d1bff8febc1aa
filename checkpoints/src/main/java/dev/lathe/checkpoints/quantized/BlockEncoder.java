package dev.lathe.checkpoints.quantized;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Packs float32 as llama.cpp's {@code quantize_row} reference functions do, bit for bit. Halves are
 * rounded to nearest, ties to even.
 */
public final class BlockEncoder {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private BlockEncoder() {}

  /**
   * Packs the first {@code count} values, whole blocks, to byte {@code offset} and after.
   *
   * @return false when a value is not finite, or beyond what the encoding can hold
   * @throws IllegalArgumentException when the count is not whole blocks
   * @throws IndexOutOfBoundsException when either side is too short
   */
  public static boolean encode(
      Encoding encoding, float[] from, int count, MemorySegment to, long offset) {
    int length = Math.toIntExact(encoding.length(count));
    return switch (encoding) {
      case F32 -> {
        MemorySegment.copy(from, 0, to, FLOAT, offset, count);
        yield finite(from, count);
      }
      case F16, BF16 -> halves(encoding, from, count, to, offset);
      case Q4_0, Q4_1, Q8_0 -> {
        var packed = new byte[length];
        boolean fits = finite(from, count);
        for (int in = 0, out = 0; in < count; in += 32, out += encoding.bytes()) {
          fits &=
              switch (encoding) {
                case Q4_0 -> packQ40(from, in, packed, out);
                case Q4_1 -> packQ41(from, in, packed, out);
                case Q8_0 -> packQ80(from, in, packed, out);
                case F32, F16, BF16 -> throw new AssertionError("these have no blocks");
              };
        }
        MemorySegment.copy(packed, 0, to, ValueLayout.JAVA_BYTE, offset, length);
        yield fits;
      }
    };
  }

  private static boolean finite(float[] values, int count) {
    int bad = 0;
    for (int i = 0; i < count; i++) {
      bad |= (Float.floatToRawIntBits(values[i]) & 0x7f800000) == 0x7f800000 ? 1 : 0;
    }
    return bad == 0;
  }

  private static boolean halves(
      Encoding encoding, float[] from, int count, MemorySegment to, long offset) {
    var halves = new short[count];
    int bad = 0;
    if (encoding == Encoding.F16) {
      for (int i = 0; i < count; i++) {
        halves[i] = Float.floatToFloat16(from[i]);
        bad |= (halves[i] & 0x7c00) == 0x7c00 ? 1 : 0;
      }
    } else {
      for (int i = 0; i < count; i++) {
        halves[i] = Bfloat16.of(from[i]);
        bad |= (halves[i] & 0x7f80) == 0x7f80 ? 1 : 0;
      }
    }
    MemorySegment.copy(halves, 0, to, SHORT, offset, count);
    return bad == 0;
  }

  /** The value furthest from 0 becomes level -8 of 16. */
  private static boolean packQ40(float[] from, int in, byte[] to, int out) {
    float furthest = 0;
    for (int i = in; i < in + 32; i++) {
      if (Math.abs(from[i]) > Math.abs(furthest)) {
        furthest = from[i];
      }
    }
    float scale = furthest / -8;
    float inverse = inverse(scale);
    for (int i = 0; i < 16; i++) {
      int low = level4(from[in + i] * inverse + 8.5f);
      int high = level4(from[in + 16 + i] * inverse + 8.5f);
      to[out + 2 + i] = (byte) (low | high << 4);
    }
    return float16(scale, to, out);
  }

  /** Sixteen levels from the least value to the greatest. */
  private static boolean packQ41(float[] from, int in, byte[] to, int out) {
    float least = from[in];
    float most = from[in];
    for (int i = in; i < in + 32; i++) {
      least = Math.min(least, from[i]);
      most = Math.max(most, from[i]);
    }
    float scale = (most - least) / 15;
    float inverse = inverse(scale);
    for (int i = 0; i < 16; i++) {
      int low = level4((from[in + i] - least) * inverse + 0.5f);
      int high = level4((from[in + 16 + i] - least) * inverse + 0.5f);
      to[out + 4 + i] = (byte) (low | high << 4);
    }
    return float16(scale, to, out) & float16(least, to, out + 2);
  }

  /** Levels -127 to 127, halves rounded away from 0 as C's {@code roundf} does. */
  private static boolean packQ80(float[] from, int in, byte[] to, int out) {
    float most = 0;
    for (int i = in; i < in + 32; i++) {
      most = Math.max(most, Math.abs(from[i]));
    }
    float scale = most / 127;
    float inverse = inverse(scale);
    for (int i = 0; i < 32; i++) {
      float level = from[in + i] * inverse;
      float size = Math.abs(level);
      int whole = (int) size;
      int rounded = size - whole >= 0.5f ? whole + 1 : whole;
      to[out + 2 + i] = (byte) (level < 0 ? -rounded : rounded);
    }
    return float16(scale, to, out);
  }

  private static int level4(float level) {
    return Math.clamp((int) level, 0, 15);
  }

  /** 0 for a block of zeros, and for one so small that it reads back as zeros anyway. */
  private static float inverse(float scale) {
    float inverse = scale == 0 ? 0 : 1 / scale;
    return Float.isInfinite(inverse) ? 0 : inverse;
  }

  private static boolean float16(float value, byte[] to, int at) {
    short half = Float.floatToFloat16(value);
    to[at] = (byte) half;
    to[at + 1] = (byte) (half >> 8);
    return (half & 0x7c00) != 0x7c00;
  }
}
