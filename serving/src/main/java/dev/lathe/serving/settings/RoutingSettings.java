package dev.lathe.serving.settings;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.serving.routing.cache.CacheSettings;
import dev.lathe.serving.routing.health.BreakerSettings;
import dev.lathe.serving.routing.strategy.Bounds;
import dev.lathe.serving.routing.strategy.Rule;
import dev.lathe.serving.routing.strategy.Strategy;
import dev.lathe.serving.routing.tasks.TaskClass;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code routing} of {@code lathe.yaml}: how the model {@code auto} chooses, what stands in for
 * what, and when a target that fails is left alone.
 *
 * @param local targets of this home in their order; empty for whatever there is
 * @param remote providers' models in their order; empty for the first model of each provider
 * @param fallbacks what is asked after a target that does not answer, by its name
 * @param groups names of several targets that share requests by weight
 * @param classifier a file of {@code ./lathe router train}; null for the rules
 */
public record RoutingSettings(
    Strategy strategy,
    List<String> local,
    List<String> remote,
    Map<String, List<String>> fallbacks,
    Map<String, Map<String, Double>> groups,
    Bounds bounds,
    BreakerSettings breaker,
    CacheSettings cache,
    @Nullable String classifier) {
  /** The model's name that has the strategy choose. */
  public static final String AUTO = "auto";

  public RoutingSettings {
    local = List.copyOf(local);
    remote = List.copyOf(remote);
    fallbacks = Map.copyOf(fallbacks);
    groups = Map.copyOf(groups);
  }

  /** Reads the section, telling its problems to {@code s}. */
  static RoutingSettings read(Settings s) {
    var breaker = s.part("breaker");
    var usual = BreakerSettings.defaults();
    var classifier = s.text("classifier", "rules");
    return new RoutingSettings(
        strategy(s, "strategy", Strategy.LOCAL_FALLBACK),
        s.words("local", List.of()),
        s.words("remote", List.of()),
        lists(s, "fallbacks"),
        groups(s),
        bounds(s),
        new BreakerSettings(
            breaker.integer("failures", usual.failures(), 1, 1000),
            seconds(breaker, "coolSeconds", usual.cool()),
            seconds(breaker, "longestSeconds", usual.longest())),
        cache(s.part("cache")),
        "rules".equals(classifier) ? null : classifier);
  }

  private static CacheSettings cache(Settings s) {
    return new CacheSettings(
        Duration.ofMillis(Math.round(s.number("seconds", 0, 0, 31_536_000) * 1000)),
        (long) (s.number("maxMiB", 64, 0.001, 65_536) * (1 << 20)),
        s.flag("sampled", false));
  }

  private static Bounds bounds(Settings s) {
    double low = s.number("localBelow", 0.3, 0, 1);
    double high = s.number("remoteAbove", 0.7, 0, 1);
    if (low > high) {
      s.problem("localBelow: %s lies above remoteAbove, %s".formatted(low, high));
    }
    var specialists = new EnumMap<TaskClass, String>(TaskClass.class);
    texts(s.part("specialists"))
        .forEach((task, target) -> task(s, "specialists", task, t -> specialists.put(t, target)));
    return new Bounds(
        s.flag("cloud", true),
        low,
        high,
        s.integer("busyFrom", 8, 1, 1_000_000),
        specialists,
        rules(s));
  }

  private static List<Rule> rules(Settings s) {
    var rules = new ArrayList<Rule>();
    s.parts("rules")
        .forEach(
            (name, r) -> {
              var use = r.words("use", List.of());
              var strategy = r.has("strategy") ? strategy(r, "strategy", Strategy.HYBRID) : null;
              if (use.isEmpty() == (strategy == null)) {
                r.problem("use, or strategy: one of the two says where such a request goes");
              }
              var tasks = new LinkedHashSet<TaskClass>();
              r.words("tasks", List.of()).forEach(t -> task(r, "tasks", t, tasks::add));
              rules.add(
                  new Rule(
                      name,
                      Set.copyOf(r.words("users", List.of())),
                      Set.copyOf(r.words("keys", List.of())),
                      tasks,
                      r.has("tools") ? r.flag("tools", true) : null,
                      r.number("complexityFrom", 0, 0, 1),
                      r.integer("promptTokensFrom", 0, 0, Integer.MAX_VALUE),
                      use,
                      strategy));
            });
    return rules;
  }

  private static void task(Settings s, String key, String name, Consumer<TaskClass> found) {
    var task = TaskClass.ofWireName(name);
    if (task.isPresent()) {
      found.accept(task.get());
      return;
    }
    var names = Arrays.stream(TaskClass.values()).map(TaskClass::wireName).toList();
    s.problem("%s: '%s' is unknown. %s".formatted(key, name, DidYouMean.remedy(name, names)));
  }

  private static Map<String, List<String>> lists(Settings s, String key) {
    var all = new LinkedHashMap<String, List<String>>();
    var part = s.part(key);
    part.keys().forEach(name -> all.put(name, part.words(name, List.of())));
    return all;
  }

  private static Map<String, String> texts(Settings part) {
    var all = new LinkedHashMap<String, String>();
    for (var name : part.keys()) {
      var text = part.text(name, null);
      if (text != null) {
        all.put(name, text);
      }
    }
    return all;
  }

  private static Map<String, Map<String, Double>> groups(Settings s) {
    var groups = new LinkedHashMap<String, Map<String, Double>>();
    s.parts("groups")
        .forEach(
            (name, of) -> {
              var weights = new LinkedHashMap<String, Double>();
              of.keys().forEach(target -> weights.put(target, of.number(target, 1, 0, 1e9)));
              if (name.indexOf(':') >= 0 || name.indexOf('@') >= 0 || name.equals(AUTO)) {
                of.problem(
                    "'%s' is no name for a group: without ':' and '@', and not auto"
                        .formatted(name));
              }
              if (weights.values().stream().mapToDouble(Double::doubleValue).sum() <= 0) {
                of.problem("a group wants a target with a weight above 0");
              }
              groups.put(name, weights);
            });
    return groups;
  }

  private static Strategy strategy(Settings s, String key, Strategy otherwise) {
    var name = s.text(key, otherwise.wire());
    var known = Strategy.names();
    return Strategy.of(String.valueOf(name))
        .orElseGet(
            () -> {
              s.problem(
                  "%s: '%s' is unknown. %s"
                      .formatted(key, name, DidYouMean.remedy(String.valueOf(name), known)));
              return otherwise;
            });
  }

  /**
   * A strategy by the name that a request or a command gives.
   *
   * @throws BadInput with the nearest name
   */
  public static Strategy named(String name) {
    return Strategy.of(name)
        .orElseThrow(
            () ->
                new BadInput(
                    "there is no such strategy", name, DidYouMean.remedy(name, Strategy.names())));
  }

  private static Duration seconds(Settings s, String key, Duration otherwise) {
    return Duration.ofMillis(
        Math.round(s.number(key, otherwise.toMillis() / 1000.0, 0.001, 86_400) * 1000));
  }
}
