package dev.lathe.app.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.promotion.Promotion;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/** Models and versions as the API tells them. */
final class ModelViews {
  private ModelViews() {}

  /**
   * A model.
   *
   * @param latest its newest version
   * @param aliases where they stand: alias, then the version
   * @param guarded its protected aliases
   */
  record Model(
      String name,
      int versions,
      String latest,
      Instant createdAt,
      SortedMap<String, String> aliases,
      SortedSet<String> guarded) {}

  /**
   * A version with everything that is known of it.
   *
   * @param aliases that stand on it now
   * @param datasets all that it was trained on, of a mixture its parts
   * @param promotion what put the alias on it, when it was asked for a time
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Version(
      String version,
      String name,
      int number,
      List<String> aliases,
      String run,
      String dataset,
      String datasetId,
      List<ModelVersion.Dataset> datasets,
      String base,
      String baseSha256,
      String templateSha256,
      List<ModelVersion.Source> sources,
      Map<String, Object> recipe,
      Map<String, Double> metrics,
      List<ModelVersion.File> files,
      Map<String, String> tags,
      String folder,
      @Nullable String codeVersion,
      Instant createdAt,
      @Nullable Promotion promotion) {

    static Version of(
        ModelVersion v,
        SortedMap<String, Integer> standing,
        Map<String, String> tags,
        @Nullable Promotion promotion) {
      return new Version(
          v.version(),
          v.name(),
          v.number(),
          standing.entrySet().stream()
              .filter(e -> e.getValue() == v.number())
              .map(Map.Entry::getKey)
              .toList(),
          v.run(),
          v.dataset(),
          v.datasetId(),
          v.datasets(),
          v.base(),
          v.baseSha256(),
          v.templateSha256(),
          v.sources(),
          v.recipe(),
          v.metrics(),
          v.files(),
          tags,
          v.folder(),
          v.codeVersion(),
          v.createdAt(),
          promotion);
    }
  }
}
