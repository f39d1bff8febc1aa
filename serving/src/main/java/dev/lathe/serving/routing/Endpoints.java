package dev.lathe.serving.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;

/** Several places for one thing: a provider's endpoints, a group's targets. */
final class Endpoints {
  private Endpoints() {}

  /** A target once for each endpoint of its provider. */
  static List<Target> of(Target target) {
    return target instanceof Target.Remote remote && !remote.provider().parts().isEmpty()
        ? remote.provider().parts().stream()
            .<Target>map(part -> new Target.Remote(part, remote.model()))
            .toList()
        : List.of(target);
  }

  /**
   * All of them in an order of chance, the first drawn by weight, then the next of what is left;
   * those that are not well come last.
   */
  static <T> List<T> drawn(
      List<T> all, ToDoubleFunction<T> weight, Predicate<T> well, RandomGenerator random) {
    if (all.size() < 2) {
      return all;
    }
    var order = new ArrayList<T>();
    var left = new ArrayList<>(all);
    while (!left.isEmpty()) {
      var fit = left.stream().filter(well).toList();
      var of = fit.isEmpty() ? left : fit;
      double at = random.nextDouble() * of.stream().mapToDouble(weight).sum();
      var chosen = of.getLast();
      for (var one : of) {
        at -= weight.applyAsDouble(one);
        if (at < 0) {
          chosen = one;
          break;
        }
      }
      order.add(chosen);
      left.remove(chosen);
    }
    return order;
  }
}
