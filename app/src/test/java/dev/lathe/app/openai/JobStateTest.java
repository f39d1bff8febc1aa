package dev.lathe.app.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.openai.JobDirectory.Wish;
import dev.lathe.registry.runs.RunState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JobStateTest {
  private static JobState of(@Nullable Wish wish, @Nullable RunState run) {
    return JobState.of(false, wish, run, run == RunState.COMPLETED);
  }

  @Test
  void followsTheRun() {
    assertThat(of(null, null)).isEqualTo(JobState.VALIDATING_FILES);
    assertThat(of(null, RunState.QUEUED)).isEqualTo(JobState.QUEUED);
    assertThat(of(null, RunState.RUNNING)).isEqualTo(JobState.RUNNING);
    assertThat(of(null, RunState.COMPLETED)).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void aRunThatEndedUnseenIsGoneOnWithAndCountsAsRunning() {
    assertThat(of(null, RunState.STOPPED)).isEqualTo(JobState.RUNNING);
    assertThat(of(null, RunState.FAILED)).isEqualTo(JobState.RUNNING);
    assertThat(JobState.of(false, null, RunState.COMPLETED, false)).isEqualTo(JobState.RUNNING);
  }

  @Test
  void whatSomebodyWantsIsTrueAtOnce() {
    assertThat(of(Wish.PAUSE, RunState.RUNNING)).isEqualTo(JobState.PAUSED);
    assertThat(of(Wish.PAUSE, null)).isEqualTo(JobState.PAUSED);
    assertThat(of(Wish.CANCEL, RunState.RUNNING)).isEqualTo(JobState.CANCELLED);
    assertThat(of(Wish.CANCEL, null)).isEqualTo(JobState.CANCELLED);
  }

  @Test
  void aPauseThatCameTooLateChangesNothingAndACancelledJobStaysSo() {
    assertThat(of(Wish.PAUSE, RunState.COMPLETED)).isEqualTo(JobState.SUCCEEDED);
    assertThat(of(Wish.CANCEL, RunState.COMPLETED)).isEqualTo(JobState.CANCELLED);
    assertThat(JobState.of(true, Wish.CANCEL, RunState.FAILED, false)).isEqualTo(JobState.FAILED);
  }

  @Test
  void onlyTheEndIsOver() {
    assertThat(JobState.values())
        .filteredOn(JobState::over)
        .containsExactly(JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED);
  }
}
