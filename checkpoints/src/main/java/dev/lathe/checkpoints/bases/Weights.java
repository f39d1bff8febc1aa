package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.quantized.BlockEncoder;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * A base model's tensors under their Hugging Face names, row-major in Hugging Face's layout,
 * whatever file they lie in: safetensors (sharded too) or GGUF (names mapped, blocks decoded, the
 * rotary permutation of query and key rows undone).
 */
public interface Weights extends AutoCloseable {
  /** The element type a reader asks for. Both of 16 bits are rounded to nearest, ties to even. */
  enum As {
    F32(4, Encoding.F32),
    BF16(2, Encoding.BF16),
    F16(2, Encoding.F16);

    private final int bytes;
    private final Encoding encoding;

    As(int bytes, Encoding encoding) {
      this.bytes = bytes;
      this.encoding = encoding;
    }

    public int bytes() {
      return bytes;
    }
  }

  Set<String> names();

  /** Dimensions, outermost first: a linear layer's weight is (out, in). */
  long[] shape(String name);

  /** How the tensor is packed in its file. */
  Encoding encoding(String name);

  /**
   * Decodes {@code count} whole rows of a matrix to float32; a vector is one row.
   *
   * @param to as many values or more; the first ones are written
   * @throws dev.lathe.checkpoints.input.BadInput when the file holds no such tensor, or a NaN in it
   */
  void rows(String name, long first, int count, float[] to);

  /**
   * Decodes one tensor into {@code target}, little endian.
   *
   * @throws dev.lathe.checkpoints.input.BadInput when the file holds no such tensor, or a NaN in it
   */
  void read(String name, As type, MemorySegment target);

  /**
   * {@link #read} of weights that are made row by row, by {@link #rows}.
   *
   * @return whether every value is a finite one of that type; else the rest is not written
   */
  default boolean readByRows(String name, As type, MemorySegment target) {
    long[] shape = shape(name);
    int rows = shape.length < 2 ? 1 : Math.toIntExact(shape[0]);
    var row = new float[Math.toIntExact(shape[shape.length - 1])];
    for (int i = 0; i < rows; i++) {
      rows(name, i, 1, row);
      long offset = (long) i * row.length * type.bytes();
      if (!BlockEncoder.encode(type.encoding, row, row.length, target, offset)) {
        return false;
      }
    }
    return true;
  }

  @Override
  void close();
}
