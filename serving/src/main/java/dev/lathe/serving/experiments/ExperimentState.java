package dev.lathe.serving.experiments;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Whether an experiment assigns subjects. A stopped one never runs again. */
public enum ExperimentState {
  RUNNING,
  STOPPED;

  /** As it is stored and answered. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static ExperimentState of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }
}
