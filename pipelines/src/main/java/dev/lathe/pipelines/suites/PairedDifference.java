package dev.lathe.pipelines.suites;

import java.util.List;

/**
 * The difference of two shares over the same units, the first one minus the second, with its 95 %
 * interval: Newcombe's square-and-add interval for paired proportions (Newcombe 1998, Statistics in
 * Medicine 17, 2635-2650, method 10), which stands also where few units differ or none do.
 */
public record PairedDifference(double difference, double low, double high, int of) {

  /** Whether the first and the second passed one unit. */
  public record Both(boolean first, boolean second) {}

  /** Of at least one unit. */
  public static PairedDifference of(List<Both> units) {
    int both = 0;
    int onlyFirst = 0;
    int onlySecond = 0;
    int neither = 0;
    for (var unit : units) {
      if (unit.first()) {
        both += unit.second() ? 1 : 0;
        onlyFirst += unit.second() ? 0 : 1;
      } else {
        onlySecond += unit.second() ? 1 : 0;
        neither += unit.second() ? 0 : 1;
      }
    }
    return of(both, onlyFirst, onlySecond, neither);
  }

  static PairedDifference of(int both, int onlyFirst, int onlySecond, int neither) {
    int n = both + onlyFirst + onlySecond + neither;
    if (n == 0) {
      throw new IllegalArgumentException("a difference needs units");
    }
    var first = new Share(both + onlyFirst, n);
    var second = new Share(both + onlySecond, n);
    double difference = first.share() - second.share();
    double phi = phi(both, onlyFirst, onlySecond, neither);
    double below = spread(first.share() - first.low(), second.high() - second.share(), phi);
    double above = spread(first.high() - first.share(), second.share() - second.low(), phi);
    return new PairedDifference(
        difference, Math.max(-1, difference - below), Math.min(1, difference + above), n);
  }

  private static double spread(double a, double b, double phi) {
    return Math.sqrt(Math.max(0, a * a - 2 * phi * a * b + b * b));
  }

  /** How the two hang together; corrected for continuity where it is positive. */
  private static double phi(int both, int onlyFirst, int onlySecond, int neither) {
    double margins =
        (double) (both + onlyFirst)
            * (onlySecond + neither)
            * (both + onlySecond)
            * (onlyFirst + neither);
    if (margins == 0) {
      return 0;
    }
    double product = (double) both * neither - (double) onlyFirst * onlySecond;
    int n = both + onlyFirst + onlySecond + neither;
    double corrected = product > 0 ? Math.max(product - n / 2.0, 0) : product;
    return corrected / Math.sqrt(margins);
  }
}
