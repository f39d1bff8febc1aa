package dev.lathe.pipelines.sweeps;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.registry.runs.RunState;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sweep as {@code sweep show --json} prints it.
 *
 * @param state running while this owner works on it; completed when no trial is left to run; failed
 *     when a trial's process died, stopped otherwise: both can be resumed
 * @param keys the recipe keys that differ from trial to trial
 * @param best the number of the best completed trial; null before there is one
 * @param version the model version that the best trial became; null until there is one
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record SweepView(
    String id,
    RunState state,
    String base,
    String dataset,
    String model,
    Metric metric,
    Register register,
    int seed,
    int parallel,
    List<String> keys,
    @Nullable Integer best,
    @Nullable String version,
    List<TrialView> trials,
    Instant createdAt) {}
