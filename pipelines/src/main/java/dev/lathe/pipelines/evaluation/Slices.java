package dev.lathe.pipelines.evaluation;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/** Conversations in slices; every conversation is in exactly one slice of a kind. */
final class Slices {
  /** Slices of a kind that are told; the smallest ones behind them are one. */
  private static final int MOST = 50;

  private static final String OTHERS = "others";

  private Slices() {}

  /**
   * A conversation measured.
   *
   * @param tokens that the model read
   * @param labels of them learned
   * @param loss in nats, summed over the labels
   * @param right labels that the model ranks first
   */
  record Measured(String id, Traits traits, long tokens, long labels, double loss, long right) {
    Measured plus(Measured other) {
      return new Measured(
          id,
          traits,
          tokens + other.tokens,
          labels + other.labels,
          loss + other.loss,
          right + other.right);
    }
  }

  /** By {@link SliceBy#wire}, the largest slice first; lengths from the shortest. */
  static Map<String, List<Slice>> of(Collection<Measured> all, List<SliceBy> by) {
    return grouped(
        List.copyOf(all),
        by,
        (m, n) -> m.traits().slice(by, n, m.tokens()),
        Measured::labels,
        Slices::slice);
  }

  /** The slice that one is in, by the n-th of what was asked for. */
  interface In<T> {
    String slice(T one, int n);
  }

  /** What is made of a slice. */
  interface Made<T, S> {
    S of(String name, List<T> members);
  }

  static <T, S> Map<String, List<S>> grouped(
      List<T> all, List<SliceBy> by, In<T> in, ToLongFunction<T> size, Made<T, S> made) {
    var kinds = new LinkedHashMap<String, List<S>>();
    for (int n = 0; n < by.size(); n++) {
      int kind = n;
      var slices = new LinkedHashMap<String, List<T>>();
      all.forEach(m -> slices.computeIfAbsent(in.slice(m, kind), k -> new ArrayList<>()).add(m));
      var sorted = new ArrayList<>(slices.entrySet());
      sorted.sort(Map.Entry.comparingByKey(order(by.get(n), sizes(slices, size))));
      var told = new ArrayList<S>();
      int most = sorted.size() > MOST ? MOST - 1 : sorted.size();
      sorted.subList(0, most).forEach(s -> told.add(made.of(s.getKey(), s.getValue())));
      if (most < sorted.size()) {
        var rest = sorted.subList(most, sorted.size());
        told.add(
            made.of(
                rest.size() + " " + OTHERS,
                rest.stream().flatMap(s -> s.getValue().stream()).toList()));
      }
      kinds.put(by.get(n).wire(), List.copyOf(told));
    }
    return kinds;
  }

  private static <T> Map<String, Long> sizes(Map<String, List<T>> slices, ToLongFunction<T> size) {
    var sizes = new HashMap<String, Long>();
    slices.forEach((name, in) -> sizes.put(name, in.stream().mapToLong(size).sum()));
    return sizes;
  }

  private static Comparator<String> order(SliceBy by, Map<String, Long> sizes) {
    Function<String, Long> key =
        by == SliceBy.Known.LENGTH ? Slices::from : name -> -sizes.getOrDefault(name, 0L);
    return Comparator.comparing(key).thenComparing(Comparator.naturalOrder());
  }

  /** Where a bucket of lengths begins; what has none stands last. */
  private static long from(String bucket) {
    int dash = bucket.indexOf('-');
    return dash < 0 ? Long.MAX_VALUE : Long.parseLong(bucket.substring(0, dash));
  }

  private static Slice slice(String name, List<Measured> in) {
    long labels = in.stream().mapToLong(Measured::labels).sum();
    double loss = in.stream().mapToDouble(Measured::loss).sum() / labels;
    long right = in.stream().mapToLong(Measured::right).sum();
    return new Slice(name, in.size(), labels, loss, Math.exp(loss), (double) right / labels);
  }
}
