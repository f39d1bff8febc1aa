package dev.lathe.registry.runs;

import java.util.List;

/**
 * A curve thinned for drawing.
 *
 * @param points all of it, or of each bucket of neighbours the lowest and the highest; by step
 * @param means of the same buckets, so that a smoothed line follows the curve and not its peaks;
 *     empty when {@code points} is all of it
 */
public record Curve(List<Point> points, List<Mean> means) {
  public Curve {
    points = List.copyOf(points);
    means = List.copyOf(means);
  }

  /**
   * The mean of a bucket.
   *
   * @param step the last one in it
   * @param count how many points it stands for
   */
  public record Mean(long step, double value, long count) {}
}
