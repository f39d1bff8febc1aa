package dev.lathe.registry.models;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A version of a model: immutable, with everything it came from.
 *
 * @param version {@code name@number}
 * @param dataset {@code name@number} of the dataset version; of a mixture, all of them with their
 *     weights
 * @param datasetId the dataset version's content hash; of a mixture, one of its parts'
 * @param mixture the datasets of a mixture; empty for one
 * @param baseSha256 the base's weights
 * @param templateSha256 the chat template it was trained with, which serving must use too
 * @param sources the log files that the dataset was made of, with their hashes
 * @param metrics such as {@code evalLoss} and {@code evalLossBefore}, in nats
 * @param files relative to {@link #folder}: the PEFT directory under {@code adapter/}, or the whole
 *     model under {@code model/}; what engines load under {@code serving/}
 * @param folder absolute path of the version's files
 */
public record ModelVersion(
    String version,
    String name,
    int number,
    String run,
    String dataset,
    String datasetId,
    List<Dataset> mixture,
    String base,
    String baseSha256,
    String templateSha256,
    List<Source> sources,
    Map<String, Object> recipe,
    Map<String, Double> metrics,
    List<File> files,
    String folder,
    @Nullable String codeVersion,
    Instant createdAt) {

  /**
   * A dataset version that it was trained on.
   *
   * @param dataset {@code name@number}
   * @param id its content hash
   * @param weight how much it counted beside the others; null where each counted by its size
   */
  public record Dataset(String dataset, String id, @Nullable Double weight) {}

  /** Trained on one dataset version. */
  public ModelVersion(
      String version,
      String name,
      int number,
      String run,
      String dataset,
      String datasetId,
      String base,
      String baseSha256,
      String templateSha256,
      List<Source> sources,
      Map<String, Object> recipe,
      Map<String, Double> metrics,
      List<File> files,
      String folder,
      @Nullable String codeVersion,
      Instant createdAt) {
    this(
        version,
        name,
        number,
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
        folder,
        codeVersion,
        createdAt);
  }

  /** All that it was trained on. */
  public List<Dataset> datasets() {
    return mixture.isEmpty() ? List.of(new Dataset(dataset, datasetId, null)) : mixture;
  }

  /** A log file of the dataset. */
  public record Source(String path, String sha256) {}

  /** A file of the version. */
  public record File(String path, long bytes, String sha256) {}

  public ModelVersion {
    if (!version.equals(name + "@" + number)) {
      throw new IllegalArgumentException(version + " is not " + name + "@" + number);
    }
    mixture = List.copyOf(mixture);
    sources = List.copyOf(sources);
    recipe = Collections.unmodifiableMap(new LinkedHashMap<>(recipe));
    metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    files = List.copyOf(files);
  }
}
