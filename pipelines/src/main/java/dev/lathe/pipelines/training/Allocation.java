package dev.lathe.pipelines.training;

import java.util.Locale;

/** Tells a memory that PyTorch could not have from its other failures. */
final class Allocation {
  private Allocation() {}

  /** Its CPU allocator says "can't allocate memory", its CUDA allocator "out of memory". */
  static boolean failed(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      var said = String.valueOf(t.getMessage()).toLowerCase(Locale.ROOT);
      if (said.contains("can't allocate memory")
          || said.contains("not enough memory")
          || said.contains("out of memory") && said.contains("cuda")) {
        return true;
      }
    }
    return false;
  }

  static String told(Throwable failure) {
    var said = String.valueOf(failure.getMessage());
    return "memory ran out ("
        + said.lines().findFirst().orElse("").strip()
        + "). Set batchTokens or maxLength lower, or free memory, and start the run again.";
  }
}
