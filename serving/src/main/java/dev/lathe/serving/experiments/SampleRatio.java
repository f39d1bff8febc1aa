package dev.lathe.serving.experiments;

import java.util.List;

/**
 * Whether subjects came to the arms as the weights say. When they did not, something loses or
 * doubles subjects of one arm (a crash before the log, a cache, a client that asks again), those
 * who are left are no fair sample, and nothing else of the experiment should be read.
 *
 * <p>The test is sequential and exact (M. Lindon and A. Malek, "Anytime-valid inference for
 * multinomial count data", NeurIPS 2022, arXiv 2011.03567): the Bayes factor of "shares drawn from
 * Dirichlet(c &middot; weights)" against "the weights" is a martingale if the weights are true, so
 * its inverse is a p-value at whatever moment one looks. c = 100 lets it see a share that is off by
 * a tenth after some hundred subjects.
 *
 * @param pValue always valid
 * @param mismatch whether it is below 1/1000: a false alarm, once in a thousand experiments, would
 *     discredit a good one
 */
public record SampleRatio(double pValue, boolean mismatch) {
  private static final double THRESHOLD = 0.001;
  private static final double CONCENTRATION = 100;

  /**
   * @param subjects by arm
   */
  static SampleRatio of(List<Arm> arms, long[] subjects) {
    double total = arms.stream().mapToDouble(Arm::weight).sum();
    long all = 0;
    double log = 0;
    for (int i = 0; i < subjects.length; i++) {
      double share = arms.get(i).weight() / total;
      all += subjects[i];
      log += logRising(CONCENTRATION * share, subjects[i]) - subjects[i] * Math.log(share);
    }
    log -= logRising(CONCENTRATION, all);
    double p = Math.min(1, Math.exp(-log));
    return new SampleRatio(p, p < THRESHOLD);
  }

  /** log of from (from + 1) … (from + count - 1). */
  private static double logRising(double from, long count) {
    double log = 0;
    double product = 1;
    for (long i = 0; i < count; i++) {
      product *= from + i;
      if (product > 1e150) {
        log += Math.log(product);
        product = 1;
      }
    }
    return log + Math.log(product);
  }
}
