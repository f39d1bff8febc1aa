/** Hyper-parameter sweeps: many runs as one Spring Batch job, a partition a trial. */
@NullMarked
package dev.lathe.pipelines.sweeps;

import org.jspecify.annotations.NullMarked;
