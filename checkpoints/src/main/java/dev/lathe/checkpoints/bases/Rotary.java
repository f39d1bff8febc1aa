package dev.lathe.checkpoints.bases;

import java.util.List;

/**
 * Rotary position embeddings (Su et al. 2021): what a token's position is multiplied with to give
 * the angle by which each pair of a head's values turns, and what cosines and sines are multiplied
 * with.
 *
 * @param width how many of a head's values turn, an even number
 * @param theta the base of the frequencies
 * @param positions what the model was first trained on; beyond it some scalings differ
 * @param magnitude cosines and sines are multiplied with it; 1 but for yarn and longrope
 */
public record Rotary(int width, double theta, Scaling scaling, int positions, double magnitude) {
  /** How frequencies are changed so that longer texts can be read. */
  public sealed interface Scaling {}

  /** Not at all. */
  public record Plain() implements Scaling {}

  /** Every frequency divided (Chen et al. 2023, position interpolation). */
  public record Linear(double factor) implements Scaling {}

  /** A larger base for longer texts (NTK-aware scaling as Hugging Face has it). */
  public record Dynamic(double factor) implements Scaling {}

  /** Peng et al. 2023: low frequencies divided, high ones kept, a ramp between. */
  public record Yarn(double factor, double betaFast, double betaSlow, boolean truncate)
      implements Scaling {}

  /** Llama 3.1's: the same idea by wavelength. */
  public record Llama3(double factor, double low, double high, int original) implements Scaling {}

  /** Phi-3's (Ding et al. 2024): a divisor for each frequency, others for longer texts. */
  public record LongRope(List<Double> shorter, List<Double> longer) implements Scaling {
    public LongRope {
      shorter = List.copyOf(shorter);
      longer = List.copyOf(longer);
    }
  }

  static Rotary plain(int width, double theta, int positions) {
    return new Rotary(width, theta, new Plain(), positions, 1);
  }

  /** Whether a longer text is read with other frequencies. */
  public boolean dependsOnLength() {
    return scaling instanceof Dynamic || scaling instanceof LongRope;
  }

  /**
   * Radians a position, (width / 2).
   *
   * @param tokens how long the whole text is; only longrope and dynamic scaling ask
   */
  public double[] frequencies(int tokens) {
    var f = new double[width / 2];
    double base = theta;
    if (scaling instanceof Dynamic d && tokens > positions) {
      double stretched = d.factor() * tokens / positions - (d.factor() - 1);
      base = theta * Math.pow(stretched, width / (width - 2.0));
    }
    for (int i = 0; i < f.length; i++) {
      f[i] = 1 / Math.pow(base, 2.0 * i / width);
    }
    switch (scaling) {
      case Plain p -> {}
      case Dynamic d -> {}
      case Linear l -> divide(f, l.factor());
      case Llama3 l -> bend(f, l);
      case Yarn y -> ramp(f, y);
      case LongRope l -> {
        var by = tokens > positions ? l.longer() : l.shorter();
        for (int i = 0; i < f.length; i++) {
          f[i] /= by.get(i);
        }
      }
    }
    return f;
  }

  private static void divide(double[] f, double by) {
    for (int i = 0; i < f.length; i++) {
      f[i] /= by;
    }
  }

  private static void bend(double[] f, Llama3 l) {
    for (int i = 0; i < f.length; i++) {
      double wavelength = 2 * Math.PI / f[i];
      if (wavelength > l.original() / l.low()) {
        f[i] /= l.factor();
      } else if (wavelength >= l.original() / l.high()) {
        double smooth = (l.original() / wavelength - l.low()) / (l.high() - l.low());
        f[i] = (1 - smooth) * f[i] / l.factor() + smooth * f[i];
      }
    }
  }

  private void ramp(double[] f, Yarn y) {
    double low = dimension(y.betaFast());
    double high = dimension(y.betaSlow());
    if (y.truncate()) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, width - 1);
    if (low == high) {
      high += 0.001;
    }
    for (int i = 0; i < f.length; i++) {
      double slow = Math.clamp((i - low) / (high - low), 0, 1);
      f[i] = f[i] / y.factor() * slow + f[i] * (1 - slow);
    }
  }

  /** The dimension whose pair turns so many times over the positions trained on. */
  private double dimension(double rotations) {
    return width * Math.log(positions / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
  }
}
