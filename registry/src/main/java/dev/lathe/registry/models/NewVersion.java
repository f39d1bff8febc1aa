package dev.lathe.registry.models;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is to become a version; {@link ModelRegistry#register} gives it its number.
 *
 * @param name the model's
 * @param run the run that made it, of which there is one version at most
 * @param files a folder with the version's files ({@code adapter/}, {@code serving/}) on the file
 *     system of the registry's folder; registering moves it there
 * @param mixture the datasets of a mixture; empty for one
 * @param codeVersion of Lathe, when the run was created
 */
public record NewVersion(
    String name,
    String run,
    String dataset,
    String datasetId,
    List<ModelVersion.Dataset> mixture,
    String base,
    String baseSha256,
    String templateSha256,
    List<ModelVersion.Source> sources,
    Map<String, Object> recipe,
    Map<String, Double> metrics,
    Path files,
    @Nullable String codeVersion) {

  /** Trained on one dataset version. */
  public NewVersion(
      String name,
      String run,
      String dataset,
      String datasetId,
      String base,
      String baseSha256,
      String templateSha256,
      List<ModelVersion.Source> sources,
      Map<String, Object> recipe,
      Map<String, Double> metrics,
      Path files,
      @Nullable String codeVersion) {
    this(
        name,
        run,
        dataset,
        datasetId,
        List.of(),
        base,
        baseSha256,
        templateSha256,
        sources,
        recipe,
        metrics,
        files,
        codeVersion);
  }

  /**
   * @throws BadInput when the name is no model's
   */
  public NewVersion {
    ModelRef.requireName(name);
    mixture = List.copyOf(mixture);
    sources = List.copyOf(sources);
    recipe = Collections.unmodifiableMap(new LinkedHashMap<>(recipe));
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
  }
}
