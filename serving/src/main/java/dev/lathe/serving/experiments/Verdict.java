package dev.lathe.serving.experiments;

import dev.lathe.serving.experiments.ExperimentReport.Difference;
import java.util.Locale;

/** Says in words what the numbers allow to be said. */
final class Verdict {
  /** A difference of rewards that is smaller is called none. */
  private static final double SMALL = 0.1;

  private Verdict() {}

  /**
   * @param best the difference of the best other arm to the first
   * @param others how many other arms there are
   */
  static String of(String first, Difference best, int others, SampleRatio ratio) {
    if (ratio.mismatch()) {
      return "sample ratio mismatch: do not read this; the subjects did not come to the arms as the"
          + " weights say (p = "
          + p(ratio.pValue())
          + ")";
    }
    var mean = best.mean();
    if (mean == null) {
      return "too early: there is no feedback on "
          + (others > 1 ? "enough arms" : "both arms")
          + " yet";
    }
    if (best.low() > 0) {
      return best.target() + " is better than " + first + by(mean, best.low(), best.high());
    }
    if (best.high() < 0) {
      return first
          + " is better than "
          + (others > 1 ? "every other, than " + best.target() : best.target())
          + by(-mean, -best.high(), -best.low());
    }
    double widest = Math.max(-best.low(), best.high());
    if (widest <= SMALL) {
      return String.format(
          Locale.ROOT,
          "no difference larger than %.2f between %s and %s",
          Math.ceil(widest * 100) / 100,
          first,
          best.target());
    }
    return String.format(
        Locale.ROOT,
        "too early: %s may be worse by %.2f than %s or better by %.2f",
        best.target(),
        -best.low(),
        first,
        best.high());
  }

  private static String by(double mean, double low, double high) {
    int digits = low < 0.01 ? 4 : 2;
    var form = " by %." + digits + "f [%." + digits + "f, %." + digits + "f]";
    return String.format(Locale.ROOT, form, mean, low, high);
  }

  private static String p(double p) {
    return String.format(Locale.ROOT, p < 1e-4 ? "%.0e" : "%.4f", p);
  }
}
