package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.bases.Weights.As;
import dev.lathe.checkpoints.quantized.Bfloat16;
import dev.lathe.checkpoints.quantized.Blocks;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * One tensor as it lies in a file.
 *
 * @param pairedHead when positive, rows of each head of this many rows lie in rotary pairs
 */
@SuppressWarnings("ArrayRecordComponent") // a shape is never written to
record StoredTensor(Encoding encoding, long[] shape, MemorySegment bytes, int pairedHead) {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Elements decoded at a time: they stay in the cache between decoding, checking and rounding. */
  private static final int STRETCH = 1 << 14;

  long count() {
    long count = 1;
    for (long d : shape) {
      count *= d;
    }
    return count;
  }

  /** Elements of one row; a vector is one row. */
  private int width() {
    return Math.toIntExact(shape.length == 0 ? 1 : shape[shape.length - 1]);
  }

  /**
   * Decodes all of it into {@code target}.
   *
   * @return the index of the first element that is NaN or infinite there, if any
   */
  OptionalLong read(As type, MemorySegment target) {
    if (target.byteSize() != count() * type.bytes()) {
      throw new IllegalArgumentException(
          count() + " elements as " + type + " do not fit " + target.byteSize() + " bytes");
    }
    return pairedHead > 0 ? readRows(type, target) : readStretches(type, target);
  }

  private OptionalLong readStretches(As type, MemorySegment target) {
    var stretch = new Stretch(type, target, STRETCH);
    for (long at = 0; at < count(); at += STRETCH) {
      int n = (int) Math.min(STRETCH, count() - at);
      var bad = stretch.move(at, n, at);
      if (bad.isPresent()) {
        return bad;
      }
    }
    return OptionalLong.empty();
  }

  /**
   * Decodes whole rows to the beginning of {@code to}.
   *
   * @return the index in the tensor of the first element that is NaN or infinite, if any
   */
  OptionalLong rows(long first, int count, float[] to) {
    int width = width();
    int n = Math.multiplyExact(count, width);
    if (pairedHead > 0) {
      var row = new float[width];
      for (int i = 0; i < count; i++) {
        Blocks.decode(encoding, bytes, encoding.length(stored(first + i) * width), row, width);
        System.arraycopy(row, 0, to, i * width, width);
      }
    } else {
      Blocks.decode(encoding, bytes, encoding.length(first * width), to, n);
    }
    for (int i = 0; i < n; i++) {
      if (!Float.isFinite(to[i])) {
        return OptionalLong.of(first * width + i);
      }
    }
    return OptionalLong.empty();
  }

  /**
   * Row {@code half * headDim / 2 + j} of a head lies in the file as its row {@code 2 j + half}.
   */
  private long stored(long row) {
    long inHead = row % pairedHead;
    long half = inHead / (pairedHead / 2);
    return row - inHead + 2 * (inHead % (pairedHead / 2)) + half;
  }

  private OptionalLong readRows(As type, MemorySegment target) {
    int width = width();
    var stretch = new Stretch(type, target, width);
    for (long row = 0; row < shape[0]; row++) {
      var bad = stretch.move(stored(row) * width, width, row * width);
      if (bad.isPresent()) {
        return bad;
      }
    }
    return OptionalLong.empty();
  }

  /** Moves a stretch of elements at a time through one buffer. */
  private final class Stretch {
    private final As type;
    private final MemorySegment target;
    private final float[] values;
    private final short[] halves;

    Stretch(As type, MemorySegment target, int longest) {
      this.type = type;
      this.target = target;
      this.values = new float[longest];
      this.halves = new short[longest];
    }

    OptionalLong move(long from, int n, long to) {
      Blocks.decode(encoding, bytes, encoding.length(from), values, n);
      boolean finite =
          switch (type) {
            case F32 -> toF32(n, to);
            case BF16, F16 -> toHalves(n, to);
          };
      return finite ? OptionalLong.empty() : OptionalLong.of(to + firstBad(n));
    }

    private boolean toF32(int n, long to) {
      int bad = 0;
      for (int i = 0; i < n; i++) {
        bad |= (Float.floatToRawIntBits(values[i]) & 0x7f800000) == 0x7f800000 ? 1 : 0;
      }
      MemorySegment.copy(values, 0, target, FLOAT, to * Float.BYTES, n);
      return bad == 0;
    }

    /**
     * Looks at the rounded values: the largest float32 round to infinity, in fp16 all beyond
     * 65,504.
     */
    private boolean toHalves(int n, long to) {
      boolean brain = type == As.BF16;
      int infinite = brain ? 0x7f80 : 0x7c00;
      int bad = 0;
      for (int i = 0; i < n; i++) {
        short half = brain ? Bfloat16.of(values[i]) : Float.floatToFloat16(values[i]);
        halves[i] = half;
        bad |= (half & infinite) == infinite ? 1 : 0;
      }
      MemorySegment.copy(halves, 0, target, SHORT, to * Short.BYTES, n);
      return bad == 0;
    }

    private int firstBad(int n) {
      for (int i = 0; i < n; i++) {
        float seen =
            switch (type) {
              case F32 -> values[i];
              case BF16 -> Bfloat16.toFloat(halves[i]);
              case F16 -> Float.float16ToFloat(halves[i]);
            };
        if (!Float.isFinite(seen)) {
          return i;
        }
      }
      throw new AssertionError("something was not finite");
    }
  }
}
