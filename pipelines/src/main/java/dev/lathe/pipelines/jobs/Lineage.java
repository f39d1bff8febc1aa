package dev.lathe.pipelines.jobs;

import dev.lathe.registry.models.ModelVersion;
import java.nio.file.Path;
import java.util.Optional;

/** What gates must know of other versions. */
public interface Lineage {
  /** A model's first version, whose dataset lends the frozen test set. */
  ModelVersion first(String model);

  /** The version that an adapter's folder belongs to; empty for an adapter made elsewhere. */
  Optional<ModelVersion> owner(Path adapter);
}
