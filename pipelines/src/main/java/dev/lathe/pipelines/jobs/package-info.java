/** Spring Batch jobs: what is started, stopped, restarted and recovered. */
@NullMarked
package dev.lathe.pipelines.jobs;

import org.jspecify.annotations.NullMarked;
