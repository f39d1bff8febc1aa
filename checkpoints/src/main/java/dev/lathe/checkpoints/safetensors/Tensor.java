package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.files.Pieces;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor to be written.
 *
 * @param shape outermost dimension first; empty for a scalar
 * @param bytes the elements, little endian, row-major
 */
@SuppressWarnings("ArrayRecordComponent") // a shape is never written to
public record Tensor(Dtype dtype, long[] shape, MemorySegment bytes) {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  public Tensor {
    long length = StreamedTensor.length(dtype, shape);
    if (length != bytes.byteSize()) {
      throw new IllegalArgumentException(
          "%s %s takes %d bytes, not %d"
              .formatted(dtype, Arrays.toString(shape), length, bytes.byteSize()));
    }
  }

  public static Tensor of(float[] values, long... shape) {
    var bytes = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, 4)]);
    MemorySegment.copy(values, 0, bytes, FLOAT, 0, values.length);
    return new Tensor(Dtype.F32, shape, bytes);
  }

  /** The same, whose bytes are asked for later, in one piece. */
  public StreamedTensor streamed() {
    return new StreamedTensor(dtype, shape, Pieces.of(bytes));
  }
}
