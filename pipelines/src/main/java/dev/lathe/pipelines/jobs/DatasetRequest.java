package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.datasets.logs.LogFormat;
import dev.lathe.datasets.store.DatasetRecipe;
import dev.lathe.datasets.store.DatasetStore;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a dataset is to be made of.
 *
 * @param logs at least one, in order: of duplicates the first stays
 * @param format null to find it out, a log at a time
 * @param name of the dataset, without a version
 */
public record DatasetRequest(
    List<Path> logs, @Nullable LogFormat format, String name, Base base, DatasetRecipe recipe) {
  public DatasetRequest {
    logs = List.copyOf(logs);
    DatasetStore.requireName(name);
  }
}
