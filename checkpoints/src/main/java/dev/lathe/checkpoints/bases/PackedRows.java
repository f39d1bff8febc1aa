package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.BlockEncoder;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;

/** A tensor's bytes in some encoding, a few rows at a time. */
final class PackedRows {
  /** Elements packed at a time: they stay in the processor's cache. */
  private static final int STRETCH = 1 << 16;

  private PackedRows() {}

  /** Which row of Hugging Face's layout comes as row number {@code row}. */
  interface Order {
    int source(int row);
  }

  /** As Hugging Face's layout has them. */
  static Pieces of(Weights weights, String name, Encoding encoding) {
    return sink -> {
      var block = new Block(weights, name, encoding);
      for (int first = 0; first < block.rows; first += block.most) {
        int count = Math.min(block.most, block.rows - first);
        weights.rows(name, first, count, block.values);
        sink.accept(block.packed(count));
      }
    };
  }

  /** In another order. */
  static Pieces of(Weights weights, String name, Encoding encoding, Order order) {
    return sink -> {
      var block = new Block(weights, name, encoding);
      var row = new float[block.width];
      for (int first = 0; first < block.rows; first += block.most) {
        int count = Math.min(block.most, block.rows - first);
        for (int i = 0; i < count; i++) {
          weights.rows(name, order.source(first + i), 1, row);
          System.arraycopy(row, 0, block.values, i * block.width, block.width);
        }
        sink.accept(block.packed(count));
      }
    };
  }

  private static final class Block {
    private final String name;
    private final Encoding encoding;
    private final int width;
    private final int rows;
    private final int most;
    private final float[] values;
    private final MemorySegment packed;

    Block(Weights weights, String name, Encoding encoding) {
      long[] shape = weights.shape(name);
      this.name = name;
      this.encoding = encoding;
      this.width = Math.toIntExact(shape[shape.length - 1]);
      this.rows = shape.length < 2 ? 1 : Math.toIntExact(shape[0]);
      this.most = Math.clamp(STRETCH / width, 1, rows);
      this.values = new float[Math.multiplyExact(most, width)];
      int bytes = Math.toIntExact(encoding.length(values.length));
      this.packed = MemorySegment.ofArray(new byte[bytes]);
    }

    MemorySegment packed(int count) {
      int elements = count * width;
      if (!BlockEncoder.encode(encoding, values, elements, packed, 0)) {
        throw new BadInput(
            "a weight is too large for " + encoding, name, "Choose BF16 or F32, which hold it.");
      }
      return packed.asSlice(0, encoding.length(elements));
    }
  }
}
