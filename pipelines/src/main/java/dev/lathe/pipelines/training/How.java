package dev.lathe.pipelines.training;

import dev.lathe.pipelines.supervision.Again;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a run process was started, besides its directory.
 *
 * @param inexact whether to go on on a machine that may compute otherwise
 * @param ranOut whether the last attempt died for want of memory
 * @param because what the supervisor tells of the last attempt's death; null for a first one
 */
record How(boolean inexact, boolean ranOut, @Nullable String because) {
  static How of(List<String> arguments) {
    int at = arguments.indexOf(Again.BECAUSE);
    return new How(
        arguments.contains("--inexact"),
        arguments.contains(Again.RAN_OUT),
        at < 0 ? null : arguments.get(at + 1));
  }
}
