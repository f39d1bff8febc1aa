package dev.lathe.pipelines.jobs;

import dev.lathe.pipelines.supervision.RunStatus;
import java.util.function.Function;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.listener.JobExecutionListener;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.StoppableTasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/**
 * The one step of the job {@code finetune}: the run's process is started or adopted, and the step
 * ends as the run ends. What Spring Batch knows of a run is derived from the run, never the other
 * way round.
 */
final class FinetuneTasklet implements StoppableTasklet, JobExecutionListener {
  private final Function<String, FinetuneWatch> watches;
  private final java.util.function.Consumer<String> requestStop;

  FinetuneTasklet(
      Function<String, FinetuneWatch> watches, java.util.function.Consumer<String> requestStop) {
    this.watches = watches;
    this.requestStop = requestStop;
  }

  @Override
  public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
    var step = contribution.getStepExecution();
    var status = watches.apply(run(step.getJobExecution())).begin().await();
    switch (status.state()) {
      case COMPLETED -> contribution.setExitStatus(ExitStatus.COMPLETED);
      case STOPPED, PAUSED -> step.setTerminateOnly();
      case FAILED, QUEUED, RUNNING -> {
        step.setStatus(BatchStatus.FAILED);
        contribution.setExitStatus(ExitStatus.FAILED.addExitDescription(error(status)));
      }
    }
    return RepeatStatus.FINISHED;
  }

  /** Stopping means: a checkpoint at the end of this step of training. */
  @Override
  public void stop(StepExecution step) {
    requestStop.accept(run(step.getJobExecution()));
  }

  @Override
  public void stop() {
    // stop(StepExecution) is the one that is called; this one does not know which run is meant
  }

  /** A job that was stopped before its step began still has a run to conclude. */
  @Override
  public void afterJob(JobExecution execution) {
    watches.apply(run(execution)).begin().await();
  }

  private static String error(RunStatus status) {
    return String.valueOf(status.error());
  }

  static String run(JobExecution execution) {
    var run = execution.getJobParameters().getString(FinetuneJob.RUN);
    if (run == null) {
      throw new IllegalStateException("a finetune job without a run: " + execution);
    }
    return run;
  }
}
