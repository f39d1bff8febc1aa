package dev.lathe.pipelines.supervision;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
   * The dataset version, or the mixture of several.
   *
   * @param ref name@n, or of a mixture all of them with their weights, as in a@1:0.7,b@2:0.3
   * @param id its content hash; of a mixture, the hash of its parts' hashes and weights
   * @param folder absolute; of a mixture, that of its first part
   * @param mixture the parts; null for one dataset version
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record DatasetRef(String ref, String id, String folder, @Nullable List<Part> mixture) {
    /**
     * A dataset version of a mixture.
     *
     * @param weight how much it counts beside the others; null where all count by their size
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Part(String ref, String id, String folder, @Nullable Double weight) {}

    /** One dataset version. */
    public DatasetRef(String ref, String id, String folder) {
      this(ref, id, folder, null);
    }

    /** What there is to train on: one part for one dataset version. */
    public List<Part> parts() {
      return mixture == null ? List.of(new Part(ref, id, folder, null)) : mixture;
    }

    /** The parts' weights; none where they count by their size. */
    public double[] weights() {
      return parts().stream()
          .map(Part::weight)
          .filter(Objects::nonNull)
          .mapToDouble(Double::doubleValue)
          .toArray();
    }
  }

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
