package dev.lathe.pipelines.sweeps;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.pipelines.training.Recipe;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Which values a sweep tries: every point of a grid, each with so many random draws of the keys
 * that are drawn. A pure function of what was asked and the seed: the same words give the same
 * trials, more trials begin with the same ones, and another key's range changes no draw of this
 * one's.
 *
 * @param grid values by recipe key; the last key varies fastest
 * @param random what the values of a key are drawn from
 */
record SearchSpace(Map<String, List<Object>> grid, Map<String, Candidates> random) {
  /** Runs of one sweep, at most. */
  static final int MOST = 200;

  private static final int DRAWS_A_POINT = 200;
  private static final Pattern RANGE =
      Pattern.compile("(?:(log|uniform)\\s*:)?\\s*(\\S+?)\\s*\\.\\.\\s*(\\S+)");
  private static final YAMLMapper YAML = YAMLMapper.builder().build();
  private static final TypeReference<List<Object>> LIST = new TypeReference<>() {};

  /** Every recipe key with its default, whose kind tells what a range of it draws. */
  private static final Map<String, Object> RECIPE = Recipe.defaults().toMap();

  private static final Set<String> KEYS = keys();

  SearchSpace {
    grid = new LinkedHashMap<>(grid);
    random = new LinkedHashMap<>(random);
  }

  /**
   * Reads a search space.
   *
   * @param grid by recipe key a list, or words with commas between them
   * @param random by recipe key a list, such words, or a range: {@code 0..0.2}, {@code
   *     log:1e-5..1e-3}
   * @param fixed recipe keys that are set for every trial
   * @throws BadInput naming every problem at once
   */
  static SearchSpace of(Map<String, ?> grid, Map<String, ?> random, Set<String> fixed) {
    var problems = new ArrayList<String>();
    var all = new LinkedHashSet<String>(grid.keySet());
    all.addAll(random.keySet());
    for (var key : all) {
      if (!KEYS.contains(key)) {
        problems.add("'%s' is no recipe key. %s".formatted(key, DidYouMean.remedy(key, KEYS)));
      }
      if (grid.containsKey(key) && random.containsKey(key)) {
        problems.add(key + ": it stands in the grid and is drawn at random; choose one");
      }
      if (fixed.contains(key)) {
        problems.add(key + ": it is set for every trial and swept; leave one out");
      }
    }
    if (all.isEmpty()) {
      problems.add("there is nothing to sweep; give --grid rank=4,8 or --random rank=4..64");
    }
    var points = new LinkedHashMap<String, List<Object>>();
    grid.forEach((key, given) -> points.put(key, values(key, given, problems)));
    var drawn = new LinkedHashMap<String, Candidates>();
    random.forEach((key, given) -> drawn.put(key, candidates(key, given, problems)));
    if (!problems.isEmpty()) {
      throw BadInput.all("The sweep cannot be used", problems, "Mend it and try again.");
    }
    return new SearchSpace(points, drawn);
  }

  private static Set<String> keys() {
    var keys = new LinkedHashSet<>(RECIPE.keySet());
    keys.add("initFrom"); // without a default
    return keys;
  }

  /** The keys whose values differ from trial to trial, in the order given. */
  List<String> swept() {
    var keys = new ArrayList<>(grid.keySet());
    keys.addAll(random.keySet());
    return List.copyOf(keys);
  }

  /**
   * The trials' values, in order.
   *
   * @param draws random draws a point of the grid; of no meaning without random keys
   * @throws BadInput for more than {@link #MOST} trials, or more than there are different ones
   */
  List<Map<String, Object>> points(int draws, int seed) {
    long count = random.isEmpty() ? 1 : draws;
    for (var values : grid.values()) {
      count = Math.min(Long.MAX_VALUE / 10_000, count * values.size());
    }
    if (count > MOST) {
      throw new BadInput(
          "The sweep has too many trials",
          "%,d of them; %d are allowed".formatted(count, MOST),
          "Take fewer values, or draw some of the keys with --random and --trials.");
    }
    var points = List.of(Map.<String, Object>of());
    for (var key : grid.entrySet()) {
      var wider = new ArrayList<Map<String, Object>>();
      for (var point : points) {
        for (var value : key.getValue()) {
          var with = new LinkedHashMap<>(point);
          with.put(key.getKey(), value);
          wider.add(with);
        }
      }
      points = wider;
    }
    if (random.isEmpty()) {
      return List.copyOf(points);
    }
    var trials = new ArrayList<Map<String, Object>>();
    for (int p = 0; p < points.size(); p++) {
      trials.addAll(drawn(points.get(p), draws, seed + 31 * p));
    }
    return List.copyOf(trials);
  }

  /** Runs are exact: the same values twice would only train the same adapter twice. */
  private Set<Map<String, Object>> drawn(Map<String, Object> point, int draws, int seed) {
    var generators = new LinkedHashMap<String, SplittableRandom>();
    for (var key : random.keySet()) {
      generators.put(key, new SplittableRandom(((long) seed << 32) ^ key.hashCode()));
    }
    var trials = new LinkedHashSet<Map<String, Object>>();
    for (int i = 0; trials.size() < draws; i++) {
      if (i == draws * DRAWS_A_POINT) {
        throw new BadInput(
            "There are fewer different trials than asked for",
            "%d of %d".formatted(trials.size(), draws),
            "Lower --trials, widen the ranges, or try every value with --grid.");
      }
      var trial = new LinkedHashMap<>(point);
      generators.forEach(
          (key, generator) -> {
            var from = random.get(key);
            if (from != null) {
              trial.put(key, from.draw(generator));
            }
          });
      trials.add(trial);
    }
    return trials;
  }

  private static Candidates candidates(String key, Object given, List<String> problems) {
    var range = RANGE.matcher(given.toString().strip());
    if (given instanceof List<?> || !range.matches()) {
      return new Candidates.Choice(values(key, given, problems));
    }
    var nothing = new Candidates.Choice(List.of());
    if (!(RECIPE.get(key) instanceof Number usual)) {
      if (KEYS.contains(key)) {
        problems.add(key + ": it is no number and has no range; give the values, as a,b,c");
      }
      return nothing;
    }
    try {
      double least = Double.parseDouble(range.group(2));
      double most = Double.parseDouble(range.group(3));
      boolean logarithmic = "log".equals(range.group(1));
      boolean whole = usual instanceof Integer;
      if (!(least < most) || Double.isInfinite(most - least)) {
        problems.add("%s: %s is no range from low to high".formatted(key, given));
      } else if (logarithmic && least <= 0) {
        problems.add("%s: a logarithmic range begins above 0, not at %s".formatted(key, least));
      } else if (whole && (least != Math.rint(least) || most != Math.rint(most))) {
        problems.add("%s: %s is no range of whole numbers".formatted(key, given));
      } else {
        return new Candidates.Range(least, most, logarithmic, whole);
      }
    } catch (NumberFormatException e) {
      problems.add("%s: '%s' is no range such as 0..0.2 or log:1e-5..1e-3".formatted(key, given));
    }
    return nothing;
  }

  /** A list is one; of a word, YAML's flow style decides, so that a value may hold commas. */
  private static List<Object> values(String key, Object given, List<String> problems) {
    List<Object> values = List.of();
    try {
      values =
          given instanceof List<?> list
              ? new ArrayList<>(list)
              : YAML.readValue("[" + given + "]", LIST);
    } catch (JacksonException e) {
      problems.add("%s: '%s' is no list of values such as 4,8,16".formatted(key, given));
      return values;
    }
    if (values.isEmpty() || values.stream().anyMatch(v -> v == null || v.equals(""))) {
      problems.add(key + ": it has no values; give some, as " + key + "=a,b");
      return List.of();
    }
    return values;
  }
}
