package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.BlockEncoder;
import java.lang.foreign.MemorySegment;

/**
 * A matrix with a row a token, its rows as they lie in their file, and behind those that are used
 * some that are the mean of them, rounded to the matrix's encoding. A vector has rows of one value.
 *
 * <p>The mean, and nothing drawn by chance: a logit of the mean is the mean of all logits, so that
 * no new token begins as a likely one (Hewitt 2021, "Initializing new word embeddings"), and the
 * same base and tokens always give the same weights. Equal rows part at the first step, since each
 * learns where its own token stands.
 *
 * @param old the rows that there are
 * @param used rows that tokens have
 * @param added rows that come to them; of those that no token had, as many give way
 * @param mean one row, encoded
 */
record GrownMatrix(MemorySegment old, long used, int added, MemorySegment mean) {
  /**
   * @param name of the tensor in {@code weights}, whose bytes are {@code old}
   */
  static GrownMatrix of(Weights weights, String name, MemorySegment old, int used, int added) {
    long[] shape = weights.shape(name);
    int width = shape.length < 2 ? 1 : Math.toIntExact(shape[1]);
    var encoding = weights.encoding(name);
    var mean = MemorySegment.ofArray(new byte[Math.toIntExact(encoding.length(width))]);
    if (!BlockEncoder.encode(encoding, mean(weights, name, used, width), width, mean, 0)) {
      throw new BadInput("a mean is too large for " + encoding, name, "Take another base.");
    }
    return new GrownMatrix(old, used, added, mean);
  }

  /** Summed in float64, row after row. */
  private static float[] mean(Weights weights, String name, int used, int width) {
    var sums = new double[width];
    var row = new float[width == 1 ? Math.toIntExact(weights.shape(name)[0]) : width];
    if (width == 1) {
      weights.rows(name, 0, 1, row);
      for (int i = 0; i < used; i++) {
        sums[0] += row[i];
      }
    }
    for (int i = 0; width > 1 && i < used; i++) {
      weights.rows(name, i, 1, row);
      for (int j = 0; j < width; j++) {
        sums[j] += row[j];
      }
    }
    var mean = new float[width];
    for (int j = 0; j < width; j++) {
      mean[j] = (float) (sums[j] / used);
    }
    return mean;
  }

  /** Rows of what comes out. */
  long rows() {
    return Math.max(old.byteSize() / mean.byteSize(), used + added);
  }

  /** What comes out, in the order of its rows. */
  Pieces bytes() {
    return sink -> {
      sink.accept(old.asSlice(0, used * mean.byteSize()));
      for (int i = 0; i < added; i++) {
        sink.accept(mean);
      }
      long next = Math.min(old.byteSize(), (used + added) * mean.byteSize());
      sink.accept(old.asSlice(next));
    };
  }

  /** Its shape, of a vector too. */
  long[] shape(long[] before) {
    long[] shape = before.clone();
    shape[0] = rows();
    return shape;
  }
}
