package dev.lathe.checkpoints.adapters;

/**
 * What a linear layer's weight (out, in) gains: scale · B A (Hu et al. 2021, LoRA, section 4.1).
 *
 * @param a (rank, in)
 * @param b (out, rank)
 */
public record LoraPair(Matrix a, Matrix b) {
  public LoraPair {
    if (a.rows() != b.columns()) {
      throw new IllegalArgumentException("B (" + b + ") and A (" + a + ") cannot be multiplied");
    }
  }

  public int rank() {
    return a.rows();
  }
}
