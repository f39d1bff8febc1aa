package dev.lathe.registry.runs;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where a run stands. Only {@link #RUNNING} means that a process lives. */
public enum RunState {
  QUEUED,
  RUNNING,
  PAUSED,
  STOPPED,
  FAILED,
  COMPLETED;

  /** The name on the wire, in journals and in the database: lower case. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws IllegalArgumentException when the word names no state
   */
  public static RunState of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }

  /** Whether nothing more will happen unless somebody resumes the run. */
  public boolean ended() {
    return switch (this) {
      case QUEUED, RUNNING -> false;
      case PAUSED, STOPPED, FAILED, COMPLETED -> true;
    };
  }
}
