package dev.lathe.app.openai;

import dev.lathe.app.openai.JobDirectory.Wish;
import dev.lathe.registry.runs.RunState;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where a job stands, in OpenAI's words. Derived, never kept. */
enum JobState {
  VALIDATING_FILES,
  QUEUED,
  RUNNING,
  PAUSED,
  SUCCEEDED,
  FAILED,
  CANCELLED;

  String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether nothing more will happen. */
  boolean over() {
    return switch (this) {
      case VALIDATING_FILES, QUEUED, RUNNING, PAUSED -> false;
      case SUCCEEDED, FAILED, CANCELLED -> true;
    };
  }

  /**
   * A run that ended and is not settled yet still counts as running: its job goes on with it, or
   * tells how it ended, in a moment.
   *
   * @param failed whether the job was found to have failed
   * @param asked what is wanted of it
   * @param run where its run stands; null when there is none yet
   * @param settled whether the run became a model version and its figures were kept
   */
  static JobState of(
      boolean failed, @Nullable Wish asked, @Nullable RunState run, boolean settled) {
    if (failed) {
      return FAILED;
    }
    if (asked == Wish.CANCEL) {
      return CANCELLED;
    }
    if (run == RunState.COMPLETED && settled) {
      return SUCCEEDED;
    }
    if (asked == Wish.PAUSE) {
      return PAUSED;
    }
    return switch (run) {
      case null -> VALIDATING_FILES;
      case QUEUED -> QUEUED;
      case RUNNING, PAUSED, STOPPED, FAILED, COMPLETED -> RUNNING;
    };
  }
}
