package dev.lathe.pipelines.sweeps;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a user asks to try. What is given here stands over what the sweep's file says.
 *
 * @param base name of a base that is there
 * @param dataset name@n, or a name for its latest version; several with weights as a@1:0.7,b@2:0.3
 * @param model the name that what comes out shall have
 * @param recipe a recipe file's YAML, the same for every trial; null for the defaults
 * @param set single recipe keys, over the file's, the same for every trial
 * @param sweep a sweep file's YAML: the keys below
 * @param grid values by recipe key: a list, or words with commas
 * @param random by recipe key a range, or values
 * @param trials random draws a point of the grid
 * @param seed of the draws
 * @param parallel trials at the same time, at most
 * @param metric by which trials are compared
 * @param register which trials become model versions
 */
public record SweepRequest(
    String base,
    String dataset,
    String model,
    @Nullable String recipe,
    @Nullable Map<String, String> set,
    @Nullable String sweep,
    @Nullable Map<String, Object> grid,
    @Nullable Map<String, Object> random,
    @Nullable Integer trials,
    @Nullable Integer seed,
    @Nullable Integer parallel,
    @Nullable String metric,
    @Nullable String register) {
  /** The recipe keys set for every trial, none for null. */
  public Map<String, String> fixed() {
    return set == null ? Map.of() : set;
  }

  /** The single settings that are given. */
  Map<String, Object> settings() {
    var settings = new LinkedHashMap<String, Object>();
    put(settings, "trials", trials);
    put(settings, "seed", seed);
    put(settings, "parallel", parallel);
    put(settings, "metric", metric);
    put(settings, "register", register);
    return settings;
  }

  private static void put(Map<String, Object> settings, String key, @Nullable Object value) {
    if (value != null) {
      settings.put(key, value);
    }
  }
}
