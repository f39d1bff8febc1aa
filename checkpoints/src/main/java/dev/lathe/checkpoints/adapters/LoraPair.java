package dev.lathe.checkpoints.adapters;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a linear layer's weight (out, in) gains: scale · B A (Hu et al. 2021, LoRA, section 4.1).
 *
 * @param a (rank, in)
 * @param b (out, rank)
 * @param magnitude (out, 1): in DoRA the lengths of the rows that come of it (Liu et al. 2024)
 */
public record LoraPair(Matrix a, Matrix b, @Nullable Matrix magnitude) {
  /** Without magnitudes. */
  public LoraPair(Matrix a, Matrix b) {
    this(a, b, null);
  }

  public LoraPair {
    if (a.rows() != b.columns()) {
      throw new IllegalArgumentException("B (" + b + ") and A (" + a + ") cannot be multiplied");
    }
    if (magnitude != null && (magnitude.rows() != b.rows() || magnitude.columns() != 1)) {
      throw new IllegalArgumentException("B (" + b + ") has no magnitudes (" + magnitude + ")");
    }
  }

  /** All that is learnt. */
  List<Matrix> matrices() {
    return magnitude == null ? List.of(a, b) : List.of(a, b, magnitude);
  }

  /** What a weight gains that is stored as (in, out): (B A)' = A' B'. */
  LoraPair transposed() {
    return new LoraPair(b.transposed(), a.transposed());
  }

  public int rank() {
    return a.rows();
  }
}
