/** The training program: recipe, schedule, data order, the loop, and the process that runs it. */
@NullMarked
package dev.lathe.pipelines.training;

import org.jspecify.annotations.NullMarked;
