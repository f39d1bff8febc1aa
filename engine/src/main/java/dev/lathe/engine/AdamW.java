package dev.lathe.engine;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter 2019).
 *
 * @param clip the gradient's largest norm; 0 for no clipping
 */
public record AdamW(double beta1, double beta2, double epsilon, double weightDecay, double clip) {
  public static AdamW of(double weightDecay, double clip) {
    return new AdamW(0.9, 0.999, 1e-8, weightDecay, clip);
  }
}
