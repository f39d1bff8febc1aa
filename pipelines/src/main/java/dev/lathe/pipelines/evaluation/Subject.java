package dev.lathe.pipelines.evaluation;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.datasets.store.DatasetVersion;
import dev.lathe.datasets.store.Split;
import dev.lathe.datasets.store.VersionFolder;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is measured, and on what.
 *
 * @param adapter a PEFT directory or a whole model's; null for the base alone
 * @param folder the version's
 * @param settings recipe keys that say how to compute: precision, device, threads, maxLength
 */
public record Subject(
    Base base,
    @Nullable Path adapter,
    DatasetVersion dataset,
    VersionFolder folder,
    Split split,
    Map<String, Object> settings) {}
