package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.datasets.logs.LogFormat;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a dataset is to be made of.
 *
 * @param logs at least one, in order: of duplicates the first stays
 * @param validation logs that are for validation as a whole; the recipe divides the others
 * @param format null to find it out, a log at a time
 * @param name of the dataset, without a version
 */
public record DatasetRequest(
    List<Path> logs,
    List<Path> validation,
    @Nullable LogFormat format,
    String name,
    Base base,
    DatasetRecipe recipe) {

  /** Without a log that is for validation as a whole. */
  public DatasetRequest(
      List<Path> logs, @Nullable LogFormat format, String name, Base base, DatasetRecipe recipe) {
    this(logs, List.of(), format, name, base, recipe);
  }

  /** All of them, those for validation behind. */
  List<Path> all() {
    return Stream.concat(logs.stream(), validation.stream()).toList();
  }

  public DatasetRequest {
    logs = List.copyOf(logs);
    validation = List.copyOf(validation);
    DatasetStore.requireName(name);
  }
}
