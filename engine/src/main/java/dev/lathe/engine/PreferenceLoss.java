package dev.lathe.engine;

/**
 * How much worse than wished a model's liking of answers is, beside that of the model it began as.
 * An answer's reward is {@code beta} times what its log-probability gained.
 */
public sealed interface PreferenceLoss {
  double beta();

  /**
   * Direct preference optimization (Rafailov et al. 2023, eq. 7): the chosen answer's reward above
   * the rejected one's. The answers of a batch stand in pairs, the chosen one first.
   *
   * @param labelSmoothing the share of pairs taken to be the wrong way round (Mitchell 2023)
   * @param weight of each pair
   * @param sftWeight of each chosen token's negative log-likelihood (RPO)
   */
  record Dpo(double beta, double labelSmoothing, double weight, double sftWeight)
      implements PreferenceLoss {}

  /**
   * Kahneman-Tversky optimization (Ethayarajh et al. 2024, eq. 7): a liked answer's gain above what
   * the model gained on the whole, a disliked one's below it.
   *
   * @param kl that whole, at least 0: the mean gain of answers to other questions than theirs
   * @param weight of each answer, beside that of its side
   */
  record Kto(double beta, double kl, double desirable, double undesirable, double weight)
      implements PreferenceLoss {}

  /**
   * As the program takes it.
   *
   * @param enlarged what the gradient, and only that, is multiplied with
   */
  default double[] settings(double enlarged) {
    return switch (this) {
      case Dpo d ->
          new double[] {0, d.beta, d.labelSmoothing, 0, 0, 0, d.weight, d.sftWeight, enlarged};
      case Kto k ->
          new double[] {1, k.beta, 0, k.kl, k.desirable, k.undesirable, k.weight, 0, enlarged};
    };
  }
}
