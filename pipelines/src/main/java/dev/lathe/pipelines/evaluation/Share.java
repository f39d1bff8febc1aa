package dev.lathe.pipelines.evaluation;

import org.jspecify.annotations.Nullable;

/**
 * How many of some were right, with the 95 % interval of the share behind it, as suites have it:
 * Wilson's, which stays within 0 and 1 and is honest at few answers and at shares near the ends,
 * where the usual one is not.
 *
 * @param share {@code right / of}
 */
public record Share(long right, long of, double share, double low, double high) {
  /** Null where there are none to be right. */
  public static @Nullable Share of(long right, long of) {
    if (of == 0) {
      return null;
    }
    var wilson = new dev.lathe.pipelines.suites.Share(right, Math.toIntExact(of));
    return new Share(right, of, wilson.share(), wilson.low(), wilson.high());
  }
}
