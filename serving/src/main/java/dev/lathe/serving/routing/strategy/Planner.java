package dev.lathe.serving.routing.strategy;

import dev.lathe.serving.routing.tasks.TaskClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Puts candidates in the order that a strategy wants. */
public final class Planner {
  private static final List<Place> LOCAL_FIRST = List.of(Place.LOCAL, Place.OLLAMA, Place.REMOTE);
  private static final List<Place> REMOTE_FIRST = LOCAL_FIRST.reversed();

  /** What small models do well. */
  private static final Set<TaskClass> SMALL =
      EnumSet.of(
          TaskClass.GREETING,
          TaskClass.SIMPLE_QUESTION,
          TaskClass.SUMMARISATION,
          TaskClass.CLASSIFICATION);

  private static final Set<TaskClass> LARGE =
      EnumSet.of(TaskClass.CODE, TaskClass.TOOLS, TaskClass.MULTI_STEP);

  private final Bounds bounds;

  public Planner(Bounds bounds) {
    this.bounds = bounds;
  }

  /**
   * @param candidates in the configured order, the best of each place first
   */
  public Plan plan(Strategy strategy, Asked asked, List<Candidate> candidates) {
    var rule = bounds.rules().stream().filter(r -> r.fits(asked)).findFirst().orElse(null);
    if (rule != null && !rule.use().isEmpty()) {
      var named =
          rule.use().stream()
              .flatMap(n -> candidates.stream().filter(c -> c.name().equals(n)))
              .toList();
      return made("rule " + rule.name(), strategy, asked, candidates, named);
    }
    var chosen = rule != null && rule.strategy() != null ? rule.strategy() : strategy;
    var ordered = ordered(chosen, asked, candidates);
    var because =
        "%s%s: %s, complexity %.2f"
            .formatted(
                rule == null ? "" : "rule " + rule.name() + ", ",
                chosen.wire(),
                asked.task().wireName(),
                asked.complexity());
    return made(because, chosen, asked, candidates, special(ordered, asked));
  }

  private List<Candidate> ordered(Strategy strategy, Asked asked, List<Candidate> all) {
    return switch (strategy) {
      case LOCAL_ONLY, LOCAL_FALLBACK, DIRECT, PRIVACY -> byPlace(all, LOCAL_FIRST);
      case REMOTE_ONLY, CLAUDE_ONLY, REMOTE_FALLBACK -> byPlace(all, REMOTE_FIRST);
      case HYBRID -> byPlace(all, staysHere(asked) ? LOCAL_FIRST : REMOTE_FIRST);
      case COST -> byGoal(all, asked, Comparator.comparingDouble(Planner::dearness));
      case LATENCY -> byGoal(all, asked, Comparator.comparingDouble(Planner::slowness));
      case QUALITY -> byGoal(all, asked, Comparator.comparing(Candidate::place).reversed());
    };
  }

  /** Neither small nor large work is judged by how hard it looks. */
  private boolean staysHere(Asked asked) {
    return SMALL.contains(asked.task())
        || (!LARGE.contains(asked.task())
            && asked.complexity() < (bounds.localBelow() + bounds.remoteAbove()) / 2);
  }

  private List<Candidate> byGoal(List<Candidate> all, Asked asked, Comparator<Candidate> goal) {
    if (asked.complexity() < bounds.localBelow()) {
      return byPlace(all, LOCAL_FIRST);
    }
    var best = byPlace(all, REMOTE_FIRST);
    return asked.complexity() > bounds.remoteAbove() ? best : best.stream().sorted(goal).toList();
  }

  /** A full queue is a reason to ask elsewhere in the same place, not to leave it. */
  private List<Candidate> byPlace(List<Candidate> all, List<Place> places) {
    return places.stream()
        .flatMap(
            p ->
                first(
                    all.stream().filter(c -> c.place() == p).toList(),
                    c -> c.waiting() < bounds.busyFrom())
                    .stream())
        .toList();
  }

  /** A price that nobody knows is no reason to hope. */
  private static double dearness(Candidate c) {
    return Double.isNaN(c.usd()) ? Double.MAX_VALUE : c.usd();
  }

  /** Whoever was never asked is asked once, so that it is known. */
  private static double slowness(Candidate c) {
    return Double.isNaN(c.firstByteMs()) ? 0 : c.firstByteMs() * (1 + c.waiting());
  }

  private List<Candidate> special(List<Candidate> ordered, Asked asked) {
    var name = bounds.specialists().get(asked.task());
    return name == null ? ordered : first(ordered, c -> c.name().equals(name));
  }

  private static List<Candidate> first(List<Candidate> all, Predicate<Candidate> these) {
    var sorted = new ArrayList<>(all.stream().filter(these).toList());
    sorted.addAll(all.stream().filter(these.negate()).toList());
    return sorted;
  }

  /** Leaves out what may not or cannot take the request, and puts what stands badly last. */
  private Plan made(
      String because,
      Strategy strategy,
      Asked asked,
      List<Candidate> candidates,
      List<Candidate> ordered) {
    var leftOut = new ArrayList<String>();
    var taken = new ArrayList<Candidate>();
    var preferred = "";
    for (var c : ordered) {
      var why = forbidden(strategy, c);
      if (why == null) {
        preferred = preferred.isEmpty() ? c.name() : preferred;
        why = c.refuses(asked).orElse(null);
      }
      if (why == null) {
        taken.add(c);
      } else {
        leftOut.add(c.name() + ": " + why);
      }
    }
    if (candidates.isEmpty()) {
      leftOut.add("there is no model here and no provider in lathe.yaml");
    }
    return new Plan(
        because,
        preferred,
        first(taken, Candidate::ready).stream().map(Candidate::name).distinct().toList(),
        leftOut);
  }

  private @Nullable String forbidden(Strategy strategy, Candidate c) {
    boolean stays = strategy == Strategy.LOCAL_ONLY || strategy == Strategy.PRIVACY;
    if ((stays || !bounds.cloud()) && !c.here()) {
      return stays
          ? "%s never leaves this machine".formatted(strategy.wire())
          : "the cloud is forbidden (routing.cloud)";
    }
    if (strategy == Strategy.CLAUDE_ONLY && !c.kind().equals("anthropic")) {
      return "claude_only asks Anthropic alone";
    }
    return strategy == Strategy.REMOTE_ONLY && c.place() == Place.LOCAL
        ? "remote_only asks nothing of this home"
        : null;
  }
}
