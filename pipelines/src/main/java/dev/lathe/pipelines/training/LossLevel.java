package dev.lathe.pipelines.training;

/**
 * Where the loss of training stands, without the noise of single steps: the mean of the first ten
 * steps, then one in which every step counts a tenth and what was before nine tenths.
 *
 * @param steps that went into it
 * @param mean in nats a token; NaN before the first step
 * @param lowest the mean at its lowest, the first two steps left out
 */
record LossLevel(long steps, double mean, double lowest) {
  static final LossLevel NONE = new LossLevel(0, Double.NaN, Double.POSITIVE_INFINITY);

  private static final int MEMORY = 10;
  private static final int FIRST = 3;

  LossLevel after(double loss) {
    long n = steps + 1;
    double now = n == 1 ? loss : mean + (loss - mean) / Math.min(n, MEMORY);
    return new LossLevel(n, now, n < FIRST ? lowest : Math.min(lowest, now));
  }

  /** Whether the mean has risen so far above its lowest that training is lost. */
  boolean exploded(double nats) {
    return nats > 0 && mean > lowest + nats;
  }

  /** Whether a single loss stands that high already: no moment to keep an adapter of. */
  boolean suspects(double loss, double nats) {
    return nats > 0 && loss > lowest + nats;
  }
}
