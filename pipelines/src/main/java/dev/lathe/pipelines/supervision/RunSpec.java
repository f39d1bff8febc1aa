package dev.lathe.pipelines.supervision;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run was asked to do. Written once as run.json and never changed; a resume reads the same.
 *
 * @param id the run's, its directory's name
 * @param model the name under which the result will be known
 * @param recipe every recipe key with its resolved value, as YAML and JSON have it
 * @param codeVersion of Lathe, when the run was created
 * @param trial its place in a sweep; null for a run of its own
 * @param reproduces the run that this one runs again; null for any other
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record RunSpec(
    String id,
    String model,
    BaseRef base,
    DatasetRef dataset,
    Map<String, Object> recipe,
    Instant createdAt,
    String codeVersion,
    @Nullable Trial trial,
    @Nullable String reproduces) {

  /**
   * The base by name and by the hash of its weights.
   *
   * @param folder absolute
   */
  public record BaseRef(String name, String weightsSha256, String folder) {}

  /**
   * The dataset version.
   *
   * @param ref name@n
   * @param id its content hash
   * @param folder absolute
   */
  public record DatasetRef(String ref, String id, String folder) {}

  /** A run of its own. */
  public RunSpec(
      String id,
      String model,
      BaseRef base,
      DatasetRef dataset,
      Map<String, Object> recipe,
      Instant createdAt,
      String codeVersion) {
    this(id, model, base, dataset, recipe, createdAt, codeVersion, null, null);
  }

  public RunSpec {
    if (!RunIds.valid(id)) {
      throw new IllegalArgumentException("no run id: " + id);
    }
    recipe = Collections.unmodifiableMap(new LinkedHashMap<>(recipe));
  }
}
