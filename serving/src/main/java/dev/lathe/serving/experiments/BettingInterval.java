package dev.lathe.serving.experiments;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * An interval for the mean of numbers in [-1, 1] that holds at every moment at once, and so however
 * often one looks and whenever one stops. Exact for any number of them and any distribution: no
 * normal approximation, so that it holds with few raters and with very unequal arms too.
 *
 * <p>The method is betting (I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random
 * variables by betting", JRSS B 86, 2024, section 4, arXiv 2010.09686). With x = (d + 1) / 2, a
 * gambler who claims that the mean exceeds m stakes a share u of his wealth on each x and
 * multiplies it by 1 + u (x / m - 1). If the mean is m, the wealth does not grow on average, and by
 * Ville's inequality ever reaches c with probability 1 / c at most. Wealth is spread over 32
 * gamblers with u = ((j + 1/2) / 32)&sup2; (a mixture over u instead of a guess of the best one:
 * the universal portfolio of F. Orabona and K.-S. Jun, "Tight concentrations and confidence
 * sequences from the regret of universal portfolio", 2024, arXiv 2110.14099), and over the claims
 * "more" and "less" in halves. The interval holds every mean at which neither has reached 2 /
 * alpha; the p-value of a mean is 2 over the larger wealth.
 *
 * <p>Numbers are rounded to 1/4096 against the gambler, which keeps the guarantee.
 */
final class BettingInterval {
  private static final int GAMBLERS = 32;
  private static final int BINS = 4096;
  private static final int HALVINGS = 40;

  private final Tally more;
  private final Tally less;

  BettingInterval(double[] differences) {
    var up = new int[BINS + 1];
    var down = new int[BINS + 1];
    for (double d : differences) {
      if (!(d >= -1 && d <= 1)) {
        throw new IllegalArgumentException("differences of rewards lie in [-1, 1]: " + d);
      }
      up[bin((1 + d) / 2)]++;
      down[bin((1 - d) / 2)]++;
    }
    more = Tally.of(up);
    less = Tally.of(down);
  }

  /** The interval's lower end; it holds the mean at all times with probability 1 - alpha. */
  double low(double alpha) {
    return 2 * lowest(more, alpha) - 1;
  }

  /** The interval's upper end. */
  double high(double alpha) {
    return 1 - 2 * lowest(less, alpha);
  }

  /** Always-valid p-value of "the mean is 0". */
  double pValue() {
    double log = Math.max(more.logWealth(0.5), less.logWealth(0.5));
    return Math.min(1, 2 * Math.exp(-log));
  }

  /** The least m at which the wealth is below 2 / alpha, from below; wealth falls as m rises. */
  private static double lowest(Tally tally, double alpha) {
    double enough = Math.log(2 / alpha);
    double refuted = 0;
    double possible = 1;
    for (int i = 0; i < HALVINGS; i++) {
      double m = (refuted + possible) / 2;
      if (tally.logWealth(m) >= enough) {
        refuted = m;
      } else {
        possible = m;
      }
    }
    return refuted;
  }

  /** The values that came, and how often. */
  private record Tally(double[] values, int[] counts) {
    static Tally of(int[] bins) {
      int[] there = IntStream.range(0, bins.length).filter(b -> bins[b] > 0).toArray();
      return new Tally(
          Arrays.stream(there).mapToDouble(b -> (double) b / BINS).toArray(),
          Arrays.stream(there).map(b -> bins[b]).toArray());
    }

    /** Of those who claim that the mean exceeds m, who began with 1 together. */
    double logWealth(double m) {
      var logs = new double[GAMBLERS];
      double highest = Double.NEGATIVE_INFINITY;
      for (int j = 0; j < GAMBLERS; j++) {
        double root = (j + 0.5) / GAMBLERS;
        for (int i = 0; i < values.length; i++) {
          logs[j] += counts[i] * Math.log1p(root * root * (values[i] / m - 1));
        }
        highest = Math.max(highest, logs[j]);
      }
      double sum = 0;
      for (double log : logs) {
        sum += Math.exp(log - highest);
      }
      return highest + Math.log(sum / GAMBLERS);
    }
  }

  private static int bin(double x) {
    return (int) Math.floor(x * BINS);
  }
}
