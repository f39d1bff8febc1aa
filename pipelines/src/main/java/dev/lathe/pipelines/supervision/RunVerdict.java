package dev.lathe.pipelines.supervision;

import dev.lathe.registry.runs.RunState;
import org.jspecify.annotations.Nullable;

/** How an attempt ended, said by its supervisor because the run could not say it itself. */
public record RunVerdict(RunState state, @Nullable String error) {}
