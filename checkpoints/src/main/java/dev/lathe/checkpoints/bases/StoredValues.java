package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;

/**
 * A tensor as it lies in some memory.
 *
 * @param shape outermost dimension first
 * @param bytes its elements, little endian, row-major
 */
@SuppressWarnings("ArrayRecordComponent") // a shape is never written to
public record StoredValues(Encoding encoding, long[] shape, MemorySegment bytes) {
  public StoredValues {
    long count = 1;
    for (long d : shape) {
      count = Math.multiplyExact(count, d);
    }
    if (encoding.length(count) != bytes.byteSize()) {
      throw new IllegalArgumentException(
          count + " values as " + encoding + " are not " + bytes.byteSize() + " bytes");
    }
  }
}
