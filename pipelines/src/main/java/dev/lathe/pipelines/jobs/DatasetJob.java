package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.store.DatasetStore;
import dev.lathe.datasets.store.DatasetVersion;
import java.io.IOException;
import java.time.Clock;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobExecutionException;
import org.springframework.batch.core.job.builder.JobBuilder;
import org.springframework.batch.core.job.parameters.JobParametersBuilder;
import org.springframework.batch.core.launch.JobOperator;
import org.springframework.batch.core.listener.JobExecutionListener;
import org.springframework.batch.core.listener.StepExecutionListener;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * The job {@code dataset}: read, split, tokenize, publish. Its record in the job repository follows
 * every batch. A build that is killed leaves no version and nothing that another could trip over:
 * run again, it ends with the same content id.
 */
public final class DatasetJob {
  public static final String NAME = "dataset";

  private final JobRepository repository;
  private final JobOperator operator;
  private final PlatformTransactionManager transactions;
  private final DatasetStore store;
  private final Clock clock;

  /**
   * @param transactions the database's own: Batch's default keeps no transaction at all
   */
  public DatasetJob(
      JobRepository repository,
      JobOperator operator,
      PlatformTransactionManager transactions,
      DatasetStore store,
      Clock clock) {
    this.repository = repository;
    this.operator = operator;
    this.transactions = transactions;
    this.store = store;
    this.clock = clock;
  }

  /**
   * Builds a version and waits for it; a version that the same inputs made is returned at once.
   *
   * @param progress called on the job's thread
   * @throws BadInput for anything the user can mend, a full disk among it
   */
  public DatasetVersion build(DatasetRequest request, Consumer<BuildProgress> progress) {
    try (var build = new DatasetBuild(request, store, progress, clock)) {
      var existing = build.existing();
      if (existing.isPresent()) {
        return existing.get();
      }
      run(build);
      return build.published();
    } catch (RuntimeException e) {
      throw fullDisk(e);
    }
  }

  /** Marks builds as failed that a process left behind when it died; for a home's new owner. */
  public int recoverAbandoned() {
    int found = 0;
    for (var execution : repository.findRunningJobExecutions(NAME)) {
      operator.recover(execution);
      found++;
    }
    store.sweep();
    return found;
  }

  private void run(DatasetBuild build) {
    var failure = new AtomicReference<@Nullable RuntimeException>();
    var ended = new CountDownLatch(1);
    var parameters =
        new JobParametersBuilder()
            .addString("build", UUID.randomUUID().toString())
            .addString("dataset", build.name(), false)
            .addString("content", build.id(), false)
            .toJobParameters();
    try {
      var execution = operator.start(job(build, failure, ended), parameters);
      ended.await();
      var failed = failure.get();
      if (failed != null) {
        throw failed;
      }
      if (execution.getStatus() != BatchStatus.COMPLETED) {
        var causes = execution.getAllFailureExceptions();
        throw new IllegalStateException(
            "the dataset job ended as " + execution.getStatus(),
            causes.isEmpty() ? null : causes.getFirst());
      }
    } catch (JobExecutionException e) {
      throw new IllegalStateException("the dataset job could not start", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the build was interrupted", e);
    }
  }

  private Job job(
      DatasetBuild build,
      AtomicReference<@Nullable RuntimeException> failure,
      CountDownLatch ended) {
    return new JobBuilder(NAME, repository)
        .start(step("read", build::read, failure))
        .next(step("split", build::split, failure))
        .next(step("tokenize", build::tokenize, failure))
        .next(
            step(
                "publish",
                () -> {
                  build.publish();
                  return false;
                },
                failure))
        .listener(
            new JobExecutionListener() {
              @Override
              public void afterJob(JobExecution execution) {
                ended.countDown();
              }
            })
        .build();
  }

  /**
   * One transaction a batch. A failure is kept for the caller and the step marked as failed,
   * because Batch would print a user's mistake with its stack trace.
   */
  private Step step(
      String name, BooleanSupplier more, AtomicReference<@Nullable RuntimeException> failure) {
    return new StepBuilder(name, repository)
        .tasklet(
            (contribution, context) -> {
              try {
                boolean again = more.getAsBoolean();
                contribution.incrementReadCount();
                return RepeatStatus.continueIf(again);
              } catch (RuntimeException e) {
                failure.set(e);
                return RepeatStatus.FINISHED;
              }
            },
            transactions)
        .listener(
            new StepExecutionListener() {
              @Override
              public @Nullable ExitStatus afterStep(StepExecution step) {
                var failed = failure.get();
                if (failed == null) {
                  return null;
                }
                step.setStatus(BatchStatus.FAILED);
                return ExitStatus.FAILED.addExitDescription(String.valueOf(failed.getMessage()));
              }
            })
        .build();
  }

  private RuntimeException fullDisk(RuntimeException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException io && DiskFull.is(io)) {
        return DiskFull.orUnchecked(io, store.path());
      }
    }
    return e;
  }
}
