package dev.lathe.app.openai;

import dev.lathe.app.openai.JobDirectory.Asked;
import dev.lathe.app.openai.JobDirectory.Wish;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunView;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fine-tuning jobs of a home, for its owner. A job's directory says what was asked and its run
 * how it goes; nothing is kept twice, so a server that was killed finds every job where it was.
 */
final class FineTuning implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FineTuning.class);

  private final Path folder;
  private final JobRequests requests;
  private final Finetunes runs;
  private final RunRegistry registry;
  private final JobWork work;
  private final Clock clock;
  private final Map<String, JobDirectory> jobs = new ConcurrentHashMap<>();

  /**
   * @param folder {@code home/fine-tuning}; nothing is touched before {@link #read}
   */
  FineTuning(
      Path folder,
      JobRequests requests,
      Finetunes runs,
      RunRegistry registry,
      JobWork work,
      Clock clock) {
    this.folder = folder;
    this.requests = requests;
    this.runs = runs;
    this.registry = registry;
    this.work = work;
    this.clock = clock;
  }

  /** Finds the jobs that are there and clears away what a killed process left half made. */
  void read() {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (var folders = Files.list(folder)) {
      for (var entry : folders.toList()) {
        if (String.valueOf(entry.getFileName()).startsWith(".")) {
          Durable.deleteTree(entry);
        } else {
          quietly("cannot be read", entry, e -> remember(JobDirectory.open(e)));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
  }

  /** Goes on with every job that is not over, once runs and datasets are in order. */
  void recover() {
    for (var job : jobs.values()) {
      quietly("cannot be gone on with", job, this::recover);
    }
  }

  private static <T> void quietly(String what, T of, Consumer<T> act) {
    try {
      act.accept(of);
    } catch (RuntimeException e) {
      log.warn("{} {}: {}", of, what, e.getMessage(), e);
    }
  }

  private void recover(JobDirectory job) {
    var wish = wish(job);
    if (wish != null && runs.active(job.spec().run())) {
      pass(job, wish); // it was asked for, and the server died before it was passed on
    } else if (wish == null && !state(job).over()) {
      work.on(job);
    }
  }

  private void remember(JobDirectory job) {
    jobs.put(job.id(), job);
  }

  /**
   * Makes a job and returns at once.
   *
   * @throws WireError naming what of the request is wrong
   */
  synchronized JobDirectory create(byte[] json) {
    var spec = requests.read(json, freshRun(), clock.instant());
    var job = JobDirectory.create(folder.resolve(spec.id()), spec);
    remember(job);
    work.on(job);
    return job;
  }

  /** A run's id that neither a run has nor a job is going to give. */
  private String freshRun() {
    while (true) {
      var id = runs.freshId();
      if (jobs.values().stream().noneMatch(j -> j.spec().run().equals(id))) {
        return id;
      }
    }
  }

  /**
   * @throws WireError 404 when there is none
   */
  JobDirectory require(String id) {
    var job = jobs.get(id);
    if (job == null) {
      throw new WireError(
          404,
          "invalid_request_error",
          "fine_tuning_job_id",
          "fine_tune_not_found",
          "There is no fine-tuning job '" + id + "'. GET /v1/fine_tuning/jobs lists all.",
          null);
    }
    return job;
  }

  boolean knows(String id) {
    return jobs.containsKey(id);
  }

  /** The job that makes a model of this name. */
  Optional<JobDirectory> ofModel(String name) {
    return jobs.values().stream().filter(j -> j.spec().name().equals(name)).findFirst();
  }

  /** Newest first. */
  List<JobDirectory> list() {
    return jobs.values().stream().sorted((a, b) -> b.id().compareTo(a.id())).toList();
  }

  /** Its run as the registry knows it; null when there is none yet. */
  @Nullable RunView run(JobDirectory job) {
    var id = job.spec().run();
    return runs.knows(id) ? registry.show(id).orElse(null) : null;
  }

  JobState state(JobDirectory job) {
    return state(job, run(job));
  }

  JobState state(JobDirectory job, @Nullable RunView run) {
    return JobState.of(
        job.failure().isPresent(),
        wish(job),
        run == null ? null : run.state(),
        run != null && run.version() != null && job.result().isPresent());
  }

  /**
   * Ends a job for good.
   *
   * @throws WireError when it is over
   */
  void cancel(JobDirectory job) {
    synchronized (job) {
      requireNotOver(job, "cancelled");
      job.write(new Asked(Wish.CANCEL, clock.instant()));
      pass(job, Wish.CANCEL);
    }
  }

  /**
   * Has a job wait at a checkpoint.
   *
   * @throws WireError when it is over or waits already
   */
  void pause(JobDirectory job) {
    synchronized (job) {
      requireNotOver(job, "paused");
      if (wish(job) == Wish.PAUSE) {
        throw refused(job, "paused", "It is paused already.");
      }
      job.write(new Asked(Wish.PAUSE, clock.instant()));
      pass(job, Wish.PAUSE);
    }
  }

  /**
   * Goes on with a job that was paused.
   *
   * @throws WireError when it was not
   */
  void resume(JobDirectory job) {
    synchronized (job) {
      requireNotOver(job, "resumed");
      if (wish(job) != Wish.PAUSE) {
        throw refused(job, "resumed", "It is not paused.");
      }
      job.clearAsked();
      work.on(job);
    }
  }

  private static @Nullable Wish wish(JobDirectory job) {
    return job.asked().map(Asked::wish).orElse(null);
  }

  /** To the run, if it trains or waits for its turn. */
  private void pass(JobDirectory job, Wish wish) {
    var run = job.spec().run();
    if (!runs.active(run)) {
      return;
    }
    work.on(job); // which waits for the run's end
    try {
      switch (wish) {
        case PAUSE -> {
          work.pausing(job);
          runs.pause(run);
        }
        case CANCEL -> runs.stop(run);
      }
    } catch (BadInput e) {
      log.debug("run {} ended by itself: {}", run, e.getMessage());
    }
  }

  private void requireNotOver(JobDirectory job, String what) {
    var state = state(job);
    if (state.over()) {
      throw refused(job, what, "It has " + ended(state) + ".");
    }
  }

  private static String ended(JobState state) {
    return switch (state) {
      case SUCCEEDED, FAILED -> state.wire();
      case CANCELLED -> "been cancelled";
      case VALIDATING_FILES, QUEUED, RUNNING, PAUSED -> "not ended";
    };
  }

  private static WireError refused(JobDirectory job, String what, String why) {
    return WireError.invalid(
        "fine_tuning_job_id",
        "invalid_job_state",
        "The job '%s' cannot be %s. %s".formatted(job.id(), what, why));
  }

  @Override
  public void close() {
    work.close();
  }
}
