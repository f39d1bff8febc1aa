package dev.lathe.app.openai;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.pipelines.jobs.DatasetJob;
import dev.lathe.pipelines.jobs.DatasetRequest;
import dev.lathe.pipelines.jobs.FinetuneRequest;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Makes a dataset of a job's files. What was uploaded is meant: nothing is held back for a test, no
 * duplicate goes and nothing is redacted. The dataset is called after the training file, so that
 * two jobs with the same files share it.
 */
final class JobBuild {
  private static final Map<String, Object> ALL_OF_IT =
      Map.of(
          "validation",
          0,
          "test",
          0,
          "dedupe",
          "off",
          "redact",
          "none",
          "downVoted",
          "keep",
          "minTurns",
          1,
          "maxCharacters",
          Integer.MAX_VALUE);

  private final FileStore files;
  private final BaseStore bases;
  private final DatasetStore datasets;
  private final DatasetJob builds;
  private final Clock clock;

  JobBuild(
      FileStore files, BaseStore bases, DatasetStore datasets, DatasetJob builds, Clock clock) {
    this.files = files;
    this.bases = bases;
    this.datasets = datasets;
    this.builds = builds;
    this.clock = clock;
  }

  /** Checks the files, builds the dataset and writes down what came of it. */
  void build(JobDirectory job) throws JobFailed {
    var spec = job.spec();
    var training = content("training_file", spec.trainingFile());
    TrainingFile.require(training, spec.method(), "training_file");
    var validation = validation(spec);
    try {
      var version =
          builds.build(
              new DatasetRequest(
                  List.of(training),
                  validation,
                  TrainingFile.format(spec.method()),
                  spec.trainingFile(),
                  bases.require(spec.base()),
                  DatasetRecipe.of(ALL_OF_IT)),
              progress -> {});
      job.write(
          new JobDirectory.Built(
              clock.instant(),
              version.dataset(),
              JobRecipe.examples(version, Split.TRAIN),
              JobRecipe.examples(version, Split.VALIDATION),
              version.part(Split.TRAIN).tokens(),
              JobRecipe.batchSize(spec, version),
              notes(version)));
    } catch (BadInput e) {
      throw new JobFailed("invalid_training_file", "training_file", String.valueOf(e.getMessage()));
    }
  }

  private List<Path> validation(JobSpec spec) throws JobFailed {
    if (spec.validationFile() == null) {
      return List.of();
    }
    var file = content("validation_file", spec.validationFile());
    TrainingFile.require(file, spec.method(), "validation_file");
    return List.of(file);
  }

  private Path content(String param, String id) throws JobFailed {
    var file = files.find(id).orElse(null);
    if (file == null) {
      throw new JobFailed(
          "file_not_found", param, "The file '" + id + "' was deleted before it was read.");
    }
    return files.content(file);
  }

  /** What to train with: the recipe as YAML, of which JSON is a part. */
  FinetuneRequest request(JobSpec spec, JobDirectory.Built built) {
    var recipe = JobRecipe.of(spec, datasets.require(built.dataset()));
    return new FinetuneRequest(
        spec.base(),
        built.dataset(),
        spec.name(),
        JsonMapper.shared().writeValueAsString(recipe),
        null);
  }

  /** What became of the files otherwise than whoever sent them may think. */
  private static List<String> notes(DatasetVersion version) {
    var notes = new ArrayList<String>();
    version
        .dropped()
        .forEach(
            (rule, n) ->
                notes.add(String.format(Locale.ROOT, "%,d examples were left out (%s)", n, rule)));
    cut(version.truncated().get("examples"), notes);
    return notes;
  }

  private static void cut(@Nullable Long examples, List<String> notes) {
    if (examples != null && examples > 0) {
      notes.add(
          String.format(
              Locale.ROOT,
              "%,d examples were longer than %,d tokens and were cut there",
              examples,
              DatasetRecipe.defaults().maxLength()));
    }
  }
}
