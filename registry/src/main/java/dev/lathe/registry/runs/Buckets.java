package dev.lathe.registry.runs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Thins a series so that its shape survives: of each bucket of neighbouring points the lowest and
 * the highest stay, in their order, and so do the first and the last point of all. Points come in
 * one at a time; a series of any length costs one bucket's memory.
 */
final class Buckets {
  private final long size;
  private final List<Point> kept = new ArrayList<>();
  private final List<Curve.Mean> means = new ArrayList<>();
  private long taken;
  private double sum;
  private long count;
  private @Nullable Point low;
  private @Nullable Point high;
  private @Nullable Point last;

  /**
   * @param points in the whole series
   * @param most to keep, about; at least 4
   */
  Buckets(long points, int most) {
    int wanted = Math.max(4, most);
    this.size = points <= wanted ? 1 : Math.max(1, Math.ceilDiv(points, (wanted - 2) / 2));
  }

  void take(Point point) {
    sum += point.value();
    count++;
    if (taken == 0 || size == 1) {
      kept.add(point);
      last = point;
      taken++;
      return;
    }
    if (low == null || below(point, low)) {
      low = point;
    }
    if (high == null || below(high, point)) {
      high = point;
    }
    last = point;
    if (++taken % size == 0) {
      flush();
    }
  }

  List<Point> points() {
    flush();
    if (last != null && !kept.getLast().equals(last)) {
      kept.add(last);
    }
    return kept;
  }

  /** The curve, with the means of the buckets unless every point of it was kept. */
  Curve curve() {
    var points = points();
    return new Curve(points, size == 1 ? List.of() : means);
  }

  private void flush() {
    if (low == null || high == null) {
      return;
    }
    if (last != null) {
      means.add(new Curve.Mean(last.step(), sum / count, count));
      sum = 0;
      count = 0;
    }
    var first = low.step() <= high.step() ? low : high;
    var second = low.step() <= high.step() ? high : low;
    kept.add(first);
    if (!second.equals(first)) {
      kept.add(second);
    }
    low = null;
    high = null;
  }

  /** NaN counts as the highest, as {@link Double#compare} has it, so that it is never hidden. */
  private static boolean below(Point a, Point b) {
    return Double.compare(a.value(), b.value()) < 0;
  }
}
