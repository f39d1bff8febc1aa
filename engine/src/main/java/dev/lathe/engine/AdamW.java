package dev.lathe.engine;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter 2019).
 *
 * @param clip the gradient's largest norm; 0 for no clipping
 * @param fasterB how many times faster an adapter's B, and DoRA's magnitudes, learn than its A
 *     (LoRA+, Hayou et al. 2024; magnitudes with them)
 * @param enlarged what the gradient has been multiplied with (see {@link Decoder#enlarge})
 */
public record AdamW(
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double clip,
    double fasterB,
    double enlarged) {
  /** With the usual betas and epsilon, A and B learning alike. */
  public static AdamW of(double weightDecay, double clip) {
    return new AdamW(0.9, 0.999, 1e-8, weightDecay, clip, 1, 1);
  }

  /** As basics.py's adamw reads it: A ends and B begins at start, and ends at end. */
  double[] settings(double learningRate, long step, long start, long end) {
    return new double[] {
      learningRate, beta1, beta2, epsilon, weightDecay, clip, step, fasterB, start, end, enlarged
    };
  }

  public AdamW withFasterB(double ratio) {
    return new AdamW(beta1, beta2, epsilon, weightDecay, clip, ratio, enlarged);
  }

  public AdamW withEnlarged(double factor) {
    return new AdamW(beta1, beta2, epsilon, weightDecay, clip, fasterB, factor);
  }
}
