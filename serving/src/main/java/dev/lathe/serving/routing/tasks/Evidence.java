package dev.lathe.serving.routing.tasks;

import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What speaks for each kind of work, and in whose words. */
final class Evidence {
  private static final int TOLD = 4;

  private final Map<TaskClass, Double> scores = new EnumMap<>(TaskClass.class);
  private final Map<TaskClass, Map<String, Double>> reasons = new EnumMap<>(TaskClass.class);

  /** The same word a second time says nothing new. */
  void add(TaskClass task, double weight, String reason) {
    var known = reasons.computeIfAbsent(task, t -> new HashMap<>());
    double before = known.getOrDefault(reason, 0.0);
    if (weight > before) {
      known.put(reason, weight);
      scores.merge(task, weight - before, Double::sum);
    }
  }

  /** As {@link #add}, for what is said once or not at all: the strongest counts. */
  void raise(TaskClass task, double weight, String reason) {
    double strongest = of(task);
    if (weight > strongest) {
      reasons.computeIfAbsent(task, t -> new HashMap<>()).put(reason, weight);
      scores.put(task, weight);
    }
  }

  void halve(TaskClass task) {
    scores.computeIfPresent(task, (t, score) -> score / 2);
  }

  boolean none() {
    return scores.isEmpty();
  }

  double of(TaskClass task) {
    return scores.getOrDefault(task, 0.0);
  }

  /** How many kinds are asked for at least so strongly. */
  long kindsAbove(double score) {
    return scores.values().stream().filter(s -> s >= score).count();
  }

  /** Of equals, the one that the enum names first. */
  TaskClass strongest(TaskClass otherwise) {
    return scores.entrySet().stream()
        .filter(s -> s.getValue() > 0)
        .max(
            Comparator.<Map.Entry<TaskClass, Double>>comparingDouble(Map.Entry::getValue)
                .thenComparing(Map.Entry::getKey, Comparator.reverseOrder()))
        .map(Map.Entry::getKey)
        .orElse(otherwise);
  }

  List<String> reasonsFor(TaskClass task) {
    return reasons.getOrDefault(task, Map.of()).entrySet().stream()
        .sorted(
            Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(TOLD)
        .map(Map.Entry::getKey)
        .toList();
  }
}
