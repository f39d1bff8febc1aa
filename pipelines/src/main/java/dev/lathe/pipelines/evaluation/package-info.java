/**
 * What an evaluation tells beyond a mean: slices, the worst conversations, and how right answers
 * are. Plain Java; the numbers come from {@code pipelines.training}'s worker.
 */
@NullMarked
package dev.lathe.pipelines.evaluation;

import org.jspecify.annotations.NullMarked;
