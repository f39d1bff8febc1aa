package dev.lathe.pipelines.sweeps;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Which trials of a sweep become model versions by themselves. */
public enum Register {
  /** The best one, when no trial is left to run. */
  BEST,
  /** Each one as it completes. */
  ALL,
  /** None. */
  NONE;

  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
