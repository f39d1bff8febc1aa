package dev.lathe.pipelines.sweeps;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.configuration.support.MapJobRegistry;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.JobExecutionException;
import org.springframework.batch.core.job.JobInterruptedException;
import org.springframework.batch.core.job.builder.JobBuilder;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.job.parameters.JobParametersBuilder;
import org.springframework.batch.core.launch.JobOperator;
import org.springframework.batch.core.launch.support.TaskExecutorJobOperator;
import org.springframework.batch.core.listener.StepExecutionListener;
import org.springframework.batch.core.partition.StepExecutionAggregator;
import org.springframework.batch.core.partition.StepExecutionSplitter;
import org.springframework.batch.core.partition.support.DefaultStepExecutionAggregator;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.core.task.SyncTaskExecutor;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.interceptor.DefaultTransactionAttribute;

/**
 * The Spring Batch job {@code sweep}: one instance a sweep, one execution an attempt at it, one
 * partition a trial. A restart takes the partitions that are not complete.
 */
final class SweepJob {
  static final String NAME = "sweep";
  static final String SWEEP = "sweep";
  private static final String TRIAL = "trial";
  private static final Logger log = LoggerFactory.getLogger(SweepJob.class);

  /** How a trial left its partition. */
  sealed interface Outcome {
    /** There is nothing left to do for it. */
    record Done(String note) implements Outcome {}

    /** It was stopped, and can go on. */
    record Stopped() implements Outcome {}

    /** It failed otherwise than by itself, and another attempt may do better. */
    record Failed(String reason) implements Outcome {}
  }

  /** Trains one trial and returns when its run has ended. */
  @FunctionalInterface
  interface Trainer {
    Outcome train(SweepSpec.Planned trial);
  }

  private final JobRepository repository;
  private final PlatformTransactionManager transactions;

  SweepJob(JobRepository repository, PlatformTransactionManager transactions) {
    this.repository = repository;
    this.transactions = transactions;
  }

  /** Runs the first attempt at a sweep, or the next one; returns when it has ended. */
  void run(SweepSpec sweep, Trainer trainer) {
    var parameters = parameters(sweep.id());
    var job = job(sweep, trainer);
    try {
      var operator = operator(job);
      var last = repository.getLastJobExecution(NAME, parameters);
      if (last != null && last.getStatus() == BatchStatus.COMPLETED) {
        // A run that was complete then was deleted since: the directories are the truth.
        repository.deleteJobInstance(last.getJobInstance());
        last = null;
      }
      if (last == null) {
        operator.start(job, parameters);
      } else {
        operator.restart(last.isRunning() ? operator.recover(last) : last);
      }
    } catch (JobExecutionException e) {
      throw new IllegalStateException(
          "Spring Batch refuses sweep " + sweep.id() + ": " + e.getMessage(), e);
    }
  }

  /** Ends the execution that a dead owner left as running, if it did. */
  void conclude(SweepSpec sweep, Trainer trainer) {
    var last = repository.getLastJobExecution(NAME, parameters(sweep.id()));
    if (last != null && last.isRunning()) {
      operator(job(sweep, trainer)).recover(last);
      log.info("execution {} of sweep {} was left by its owner", last.getId(), sweep.id());
    }
  }

  private Job job(SweepSpec sweep, Trainer trainer) {
    // A partition lasts as long as its run: it must hold no transaction, and so no connection.
    var noTransaction =
        new DefaultTransactionAttribute(TransactionDefinition.PROPAGATION_NOT_SUPPORTED);
    var trial =
        new StepBuilder(TRIAL, repository)
            .tasklet((contribution, context) -> train(sweep, trainer, contribution), transactions)
            .transactionAttribute(noTransaction)
            .build();
    var ending = new Ending();
    var trials =
        new StepBuilder("trials", repository)
            .partitioner(TRIAL, size -> partitions(sweep))
            .partitionHandler((splitter, all) -> inOrder(splitter, all, trial, sweep.parallel()))
            .aggregator(ending)
            .listener(ending)
            .build();
    return new JobBuilder(NAME, repository).start(trials).build();
  }

  private static Map<String, ExecutionContext> partitions(SweepSpec sweep) {
    var partitions = new HashMap<String, ExecutionContext>();
    for (var trial : sweep.trials()) {
      var context = new ExecutionContext();
      context.putInt(TRIAL, trial.number());
      partitions.put("%03d".formatted(trial.number()), context);
    }
    return partitions;
  }

  /** Trials begin in their order, so many at a time. */
  private static Collection<StepExecution> inOrder(
      StepExecutionSplitter splitter, StepExecution all, Step trial, int parallel)
      throws JobExecutionException {
    var partitions =
        splitter.split(all, 1).stream()
            .sorted(Comparator.comparing(StepExecution::getStepName))
            .toList();
    var threads = Thread.ofVirtual().name("trial ", 1).factory();
    try (var pool = Executors.newFixedThreadPool(parallel, threads)) {
      for (var partition : partitions) {
        var unused = pool.submit(() -> execute(trial, partition));
      }
    }
    return partitions;
  }

  private static void execute(Step trial, StepExecution partition) {
    try {
      trial.execute(partition);
    } catch (JobInterruptedException | RuntimeException e) {
      log.warn("{} broke: {}", partition.getStepName(), e.getMessage(), e);
      partition.setStatus(BatchStatus.FAILED);
      partition.setExitStatus(ExitStatus.FAILED.addExitDescription(e));
    }
  }

  private static RepeatStatus train(
      SweepSpec sweep, Trainer trainer, StepContribution contribution) {
    var step = contribution.getStepExecution();
    int number = step.getExecutionContext().getInt(TRIAL);
    switch (trainer.train(sweep.trials().get(number - 1))) {
      case Outcome.Done done ->
          contribution.setExitStatus(ExitStatus.COMPLETED.addExitDescription(done.note()));
      case Outcome.Stopped() -> step.setTerminateOnly();
      case Outcome.Failed failed -> {
        step.setStatus(BatchStatus.FAILED);
        contribution.setExitStatus(ExitStatus.FAILED.addExitDescription(failed.reason()));
      }
    }
    return RepeatStatus.FINISHED;
  }

  /** A trial that failed fails the job, without the stack trace that Batch would print of it. */
  private static final class Ending implements StepExecutionAggregator, StepExecutionListener {
    private final DefaultStepExecutionAggregator usual = new DefaultStepExecutionAggregator();
    private boolean failed;

    @Override
    public void aggregate(StepExecution all, Collection<StepExecution> partitions) {
      failed = partitions.stream().anyMatch(p -> p.getStatus() == BatchStatus.FAILED);
      if (!failed) {
        usual.aggregate(all, partitions);
      }
    }

    @Override
    public @Nullable ExitStatus afterStep(StepExecution all) {
      if (!failed) {
        return null;
      }
      all.setStatus(BatchStatus.FAILED);
      return ExitStatus.FAILED;
    }
  }

  private static JobParameters parameters(String sweep) {
    return new JobParametersBuilder().addString(SWEEP, sweep).toJobParameters();
  }

  private JobOperator operator(Job job) {
    try {
      var registry = new MapJobRegistry();
      registry.register(job);
      var operator = new TaskExecutorJobOperator();
      operator.setJobRepository(repository);
      operator.setJobRegistry(registry);
      operator.setTaskExecutor(new SyncTaskExecutor());
      operator.afterPropertiesSet();
      return operator;
    } catch (Exception e) {
      throw new IllegalStateException("the sweep job cannot be set up", e);
    }
  }
}
