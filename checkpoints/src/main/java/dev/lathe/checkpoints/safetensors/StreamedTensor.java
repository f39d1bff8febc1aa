package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.files.Pieces;
import java.util.Arrays;

/**
 * A tensor to be written whose bytes come while the file is written.
 *
 * @param shape outermost dimension first; empty for a scalar
 * @param bytes the elements, little endian, row-major
 */
@SuppressWarnings("ArrayRecordComponent") // a shape is never written to
public record StreamedTensor(Dtype dtype, long[] shape, Pieces bytes) {
  public StreamedTensor {
    length(dtype, shape);
  }

  /** In bytes. */
  public long length() {
    return length(dtype, shape);
  }

  static long length(Dtype dtype, long[] shape) {
    long length = dtype.bytes();
    for (long d : shape) {
      if (d < 0) {
        throw new IllegalArgumentException("no dimension is negative: " + Arrays.toString(shape));
      }
      length = Math.multiplyExact(length, d);
    }
    return length;
  }
}
