package dev.lathe.pipelines.suites;

/**
 * How many of something, as a share with its 95 % interval.
 *
 * <p>The interval is Wilson's score interval (Wilson 1927). It also holds, and is then a little
 * wide, where single values lie between 0 and 1 (a tie counts one half): of all such values with
 * one mean, zeros and ones vary most (Bhatia and Davis 2000).
 *
 * @param count may hold halves
 * @param of none at all gives the interval from 0 to 1, and no share
 */
public record Share(double count, int of) {
  private static final double Z = 1.959963984540054;

  public Share {
    if (!(count >= 0 && count <= of)) {
      throw new IllegalArgumentException(count + " of " + of);
    }
  }

  /** NaN where nothing was counted. */
  public double share() {
    return count / of;
  }

  public double low() {
    return count == 0 ? 0 : Math.max(0, centre() - spread());
  }

  public double high() {
    return count == of ? 1 : Math.min(1, centre() + spread());
  }

  private double centre() {
    return (count + Z * Z / 2) / (of + Z * Z);
  }

  private double spread() {
    double p = share();
    return Z * of / (of + Z * Z) * Math.sqrt(p * (1 - p) / of + Z * Z / (4.0 * of * of));
  }
}
