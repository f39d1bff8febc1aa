package dev.lathe.registry.runs;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run was asked to do, as its directory's run.json says.
 *
 * @param base the base's name
 * @param dataset name@n
 * @param recipe every key with its resolved value
 * @param sweep the sweep that it is a trial of; null for a run of its own
 */
public record RunDescription(
    String id,
    String model,
    String base,
    String baseSha256,
    String dataset,
    Map<String, Object> recipe,
    Instant createdAt,
    @Nullable String sweep) {}
