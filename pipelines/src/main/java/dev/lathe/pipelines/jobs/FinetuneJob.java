package dev.lathe.pipelines.jobs;

import dev.lathe.pipelines.supervision.RunStatus;
import dev.lathe.registry.runs.RunState;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.configuration.support.MapJobRegistry;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobExecutionException;
import org.springframework.batch.core.job.builder.JobBuilder;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.job.parameters.JobParametersBuilder;
import org.springframework.batch.core.launch.JobExecutionNotRunningException;
import org.springframework.batch.core.launch.JobOperator;
import org.springframework.batch.core.launch.support.TaskExecutorJobOperator;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.dao.OptimisticLockingFailureException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.interceptor.DefaultTransactionAttribute;

/** The Spring Batch job {@code finetune}: one instance a run, one execution an attempt at it. */
final class FinetuneJob {
  static final String NAME = "finetune";
  private static final int MOST_RACES = 20;
  static final String RUN = "run";
  private static final Logger log = LoggerFactory.getLogger(FinetuneJob.class);

  private final JobRepository repository;
  private final JobOperator operator;
  private final Job job;
  private final Consumer<String> concluded;
  private String launching = "";

  /**
   * @param watches the watch of a run, for the job's step
   * @param requestStop asks a run to end at a checkpoint
   * @param concluded told which run's execution has ended and is written down
   */
  FinetuneJob(
      JobRepository repository,
      PlatformTransactionManager transactions,
      Function<String, FinetuneWatch> watches,
      Consumer<String> requestStop,
      Consumer<String> concluded) {
    this.repository = repository;
    this.concluded = concluded;
    var tasklet = new FinetuneTasklet(watches, requestStop);
    // The step lasts as long as the run: it must hold no transaction, and so no connection.
    var noTransaction =
        new DefaultTransactionAttribute(TransactionDefinition.PROPAGATION_NOT_SUPPORTED);
    var step =
        new StepBuilder("train", repository)
            .tasklet(tasklet, transactions)
            .transactionAttribute(noTransaction)
            .build();
    this.job = new JobBuilder(NAME, repository).listener(tasklet).start(step).build();
    this.operator = operator();
  }

  /** Starts the run's first attempt, or its next one after whatever became of the last. */
  synchronized void launch(String run) {
    launching = run;
    var parameters = parameters(run);
    try {
      var last = repository.getLastJobExecution(NAME, parameters);
      if (last == null) {
        operator.start(job, parameters);
        return;
      }
      operator.restart(last.isRunning() ? operator.recover(last) : last);
    } catch (JobExecutionException e) {
      throw new IllegalStateException("Spring Batch refuses run " + run + ": " + e.getMessage(), e);
    }
  }

  /**
   * Stops the run's execution; false when none runs in this process. The execution writes its own
   * progress meanwhile: whoever comes second reads again.
   */
  boolean stop(String run) {
    for (int attempt = 1; ; attempt++) {
      var last = repository.getLastJobExecution(NAME, parameters(run));
      if (last == null || !last.isRunning()) {
        return false;
      }
      try {
        return operator.stop(last);
      } catch (JobExecutionNotRunningException e) {
        return false;
      } catch (OptimisticLockingFailureException e) {
        if (attempt == MOST_RACES) {
          throw e;
        }
      }
    }
  }

  /** The executions that a dead owner left as running, by run. */
  Map<String, JobExecution> leftRunning() {
    return repository.findRunningJobExecutions(NAME).stream()
        .collect(
            Collectors.toMap(
                FinetuneTasklet::run, e -> e, (a, b) -> a.getId() > b.getId() ? a : b));
  }

  /**
   * Ends an execution that no thread works on any more, as its run ended. The run's process must be
   * dead.
   */
  void conclude(JobExecution execution, RunStatus status) {
    var end = status(status.state());
    log.info("execution {} of run {}: {}", execution.getId(), FinetuneTasklet.run(execution), end);
    if (end == BatchStatus.FAILED) {
      operator.recover(execution);
      return;
    }
    var exit = end == BatchStatus.COMPLETED ? ExitStatus.COMPLETED : ExitStatus.STOPPED;
    var now = LocalDateTime.now(java.time.ZoneId.systemDefault());
    for (var step : execution.getStepExecutions()) {
      if (step.getStatus().isRunning()) {
        step.setStatus(end);
        step.setExitStatus(exit);
        step.setEndTime(now);
        repository.update(step);
      }
    }
    execution.setStatus(end);
    execution.setExitStatus(exit);
    execution.setEndTime(now);
    repository.update(execution);
  }

  private static BatchStatus status(RunState state) {
    return switch (state) {
      case COMPLETED -> BatchStatus.COMPLETED;
      case STOPPED, PAUSED -> BatchStatus.STOPPED;
      case FAILED, QUEUED, RUNNING -> BatchStatus.FAILED;
    };
  }

  private static JobParameters parameters(String run) {
    return new JobParametersBuilder().addString(RUN, run).toJobParameters();
  }

  /** An operator of its own: runs go on beside whatever else the application's operator does. */
  private JobOperator operator() {
    try {
      var registry = new MapJobRegistry();
      registry.register(job);
      var operator = new TaskExecutorJobOperator();
      operator.setJobRepository(repository);
      operator.setJobRegistry(registry);
      operator.setTaskExecutor(this::execute);
      operator.afterPropertiesSet();
      return operator;
    } catch (Exception e) {
      throw new IllegalStateException("the finetune job cannot be set up", e);
    }
  }

  /** Called by the operator within {@link #launch}. */
  private void execute(Runnable execution) {
    var run = launching;
    Thread.ofVirtual()
        .name("finetune " + run)
        .start(
            () -> {
              try {
                execution.run();
              } catch (RuntimeException e) {
                // The owner is ending, or the database is gone: the run itself goes on.
                log.warn("Spring Batch lost sight of run {}: {}", run, e.getMessage());
              } finally {
                concluded.accept(run);
              }
            });
  }
}
