package dev.lathe.pipelines.sweeps;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.pipelines.jobs.FinetunePlan;
import dev.lathe.pipelines.jobs.FinetuneRequest;
import dev.lathe.pipelines.supervision.RunSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Resolves what a user asks to try into trials, each of which could be trained as it stands. */
final class SweepPlan {
  private static final int MOST_TOLD = 5;
  private static final int USUAL_TRIALS = 8;
  private static final YAMLMapper YAML = YAMLMapper.builder().build();
  private static final TypeReference<LinkedHashMap<String, Object>> OBJECT =
      new TypeReference<>() {};

  private final FinetunePlan runs;
  private final int atOnce;

  /**
   * @param runs plans one trial
   * @param atOnce how many runs train at the same time where a sweep does not say
   */
  SweepPlan(FinetunePlan runs, int atOnce) {
    this.runs = runs;
    this.atOnce = atOnce;
  }

  /**
   * @throws BadInput for an unknown base or dataset, keys that are none, too many trials or none, a
   *     trial whose recipe is refused, two trials that are the same, or a metric that no trial of
   *     this dataset can have
   */
  SweepSpec plan(String id, SweepRequest request, Instant now) {
    var file = yaml(request.sweep());
    var grid = keys("grid", file.remove("grid"), request.grid());
    var random = keys("random", file.remove("random"), request.random());
    file.putAll(request.settings());
    var settings = new Settings("sweep", file);
    boolean draws = settings.text("trials", null) != null;
    int trials = settings.integer("trials", USUAL_TRIALS, 1, SearchSpace.MOST);
    int seed = settings.integer("seed", 7, 0, Integer.MAX_VALUE);
    int parallel = settings.integer("parallel", atOnce, 1, SearchSpace.MOST);
    var metric = String.valueOf(settings.text("metric", Metric.EVAL_LOSS.word()));
    var register = settings.choice("register", Register.BEST);
    if (draws && random.isEmpty()) {
      settings.problem("trials: a grid tries every point once; trials are drawn with --random");
    }
    settings.done();
    var space = SearchSpace.of(grid, random, request.fixed().keySet());
    var planned = planned(id, request, space.points(trials, seed), now);
    var first = planned.getFirst();
    var by = Metric.of(metric);
    if (by.onValidation() && !runs.hasValidation(first)) {
      throw new BadInput(
          "The dataset has no validation split to compare trials by " + by.word(),
          first.dataset().ref(),
          "Build it with --set validation=0.1, or compare by --metric loss.");
    }
    return new SweepSpec(
        id,
        first.model(),
        first.base(),
        first.dataset(),
        space.swept(),
        seed,
        parallel,
        by,
        register,
        rows(planned, space.swept()),
        now,
        first.codeVersion());
  }

  private List<RunSpec> planned(
      String id, SweepRequest request, List<Map<String, Object>> points, Instant now) {
    var planned = new ArrayList<RunSpec>();
    var refusals = new LinkedHashMap<Map<String, Object>, BadInput>();
    for (int i = 0; i < points.size(); i++) {
      var point = points.get(i);
      var set = new LinkedHashMap<String, String>(request.fixed());
      point.forEach((key, value) -> set.put(key, word(value)));
      try {
        planned.add(
            runs.plan(
                SweepSpec.run(id, i + 1),
                new FinetuneRequest(
                    request.base(), request.dataset(), request.model(), request.recipe(), set),
                now));
      } catch (BadInput e) {
        refusals.put(point, e);
      }
    }
    requireNone(refusals, points.size());
    requireDifferent(planned, points);
    return planned;
  }

  private static void requireNone(Map<Map<String, Object>, BadInput> refusals, int trials) {
    var reasons =
        refusals.values().stream()
            .map(e -> String.valueOf(e.getMessage()))
            .collect(Collectors.toCollection(LinkedHashSet::new));
    if (refusals.size() == trials && reasons.size() == 1) {
      throw refusals.values().iterator().next(); // not a trial is wrong, but all of it
    }
    if (!refusals.isEmpty()) {
      var told = new ArrayList<String>();
      refusals.entrySet().stream()
          .limit(MOST_TOLD)
          .forEach(r -> told.add(r.getKey() + ": " + oneLine(r.getValue())));
      if (refusals.size() > MOST_TOLD) {
        told.add("and %d more".formatted(refusals.size() - MOST_TOLD));
      }
      throw BadInput.all(
          "%d of %d trials cannot be trained".formatted(refusals.size(), trials),
          told,
          "Mend their values; no trial was started.");
    }
  }

  /** Runs are exact: trials with equal recipes would train the same adapter twice. */
  private static void requireDifferent(List<RunSpec> planned, List<Map<String, Object>> points) {
    var known = new HashMap<Map<String, Object>, Map<String, Object>>();
    for (int i = 0; i < planned.size(); i++) {
      var before = known.put(planned.get(i).recipe(), points.get(i));
      if (before != null) {
        throw new BadInput(
            "Two trials would be the same run",
            before + " and " + points.get(i),
            "Name every value once.");
      }
    }
  }

  private static List<SweepSpec.Planned> rows(List<RunSpec> planned, List<String> keys) {
    var rows = new ArrayList<SweepSpec.Planned>();
    for (var run : planned) {
      var values = new LinkedHashMap<String, Object>();
      for (var key : keys) {
        var value = run.recipe().get(key);
        if (value != null) {
          values.put(key, value);
        }
      }
      rows.add(new SweepSpec.Planned(rows.size() + 1, run.id(), values, run.recipe()));
    }
    return rows;
  }

  /** What is asked for stands over the file's, key by key. */
  private static Map<String, Object> keys(
      String part, @Nullable Object file, @Nullable Map<String, Object> asked) {
    var keys = new LinkedHashMap<String, Object>();
    if (file instanceof Map<?, ?> map) {
      map.forEach((key, value) -> keys.put(String.valueOf(key), value == null ? "" : value));
    } else if (file != null) {
      throw new BadInput(
          "The sweep's " + part + " is no map of recipe keys to values",
          String.valueOf(file),
          "A line of it looks like 'rank: [4, 8]'.");
    }
    if (asked != null) {
      asked.forEach((key, value) -> keys.put(key, value == null ? "" : value));
    }
    return keys;
  }

  private static String word(Object value) {
    return value instanceof List<?> list
        ? list.stream().map(String::valueOf).collect(Collectors.joining(","))
        : value.toString();
  }

  private static String oneLine(BadInput e) {
    return String.valueOf(e.getMessage()).replaceAll("\\s*\n\\s*", " ");
  }

  private static Map<String, Object> yaml(@Nullable String text) {
    if (text == null || text.isBlank()) {
      return new LinkedHashMap<>();
    }
    try {
      return YAML.readValue(text, OBJECT);
    } catch (JacksonException e) {
      throw new BadInput(
          "The sweep is no YAML of keys and values",
          e.getOriginalMessage(),
          "A line looks like 'metric: evalLoss'; grid and random hold recipe keys.",
          e);
    }
  }
}
