package dev.lathe.app.openai;

import dev.lathe.app.openai.JobDirectory.Asked;
import dev.lathe.app.openai.JobDirectory.Wish;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.jobs.FinetunePlan;
import dev.lathe.pipelines.jobs.Finetunes;
import dev.lathe.pipelines.jobs.Registrations;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunState;
import java.time.Clock;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings jobs forward, each on a thread of its own that asks again and again what is next. The
 * answer is derived from what stands on the disk, so it does not matter where another server left
 * off.
 */
final class JobWork implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(JobWork.class);

  private final JobBuild build;
  private final Finetunes runs;
  private final FinetunePlan plan;
  private final RunRegistry registry;
  private final Registrations registrations;
  private final JobFigures figures;
  private final Clock clock;

  /** One dataset at a time: a build takes all cores. */
  private final Semaphore building = new Semaphore(1, true);

  private final Set<String> working = ConcurrentHashMap.newKeySet();

  /** Jobs whose run ends because this server asked it to pause, not because somebody else did. */
  private final Set<String> pausing = ConcurrentHashMap.newKeySet();

  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  JobWork(
      JobBuild build,
      Finetunes runs,
      FinetunePlan plan,
      RunRegistry registry,
      Registrations registrations,
      JobFigures figures,
      Clock clock) {
    this.build = build;
    this.runs = runs;
    this.plan = plan;
    this.registry = registry;
    this.registrations = registrations;
    this.figures = figures;
    this.clock = clock;
  }

  /** What a job needs next. */
  private enum Next {
    BUILD,
    START,
    GO_ON,
    WAIT,
    SETTLE,
    NOTHING
  }

  /** Works on a job until there is nothing to do; called twice, it does so once. */
  void on(JobDirectory job) {
    synchronized (job) {
      if (!closed.isDone() && working.add(job.id())) {
        Thread.ofVirtual().name("fine-tuning " + job.id()).start(() -> work(job));
      }
    }
  }

  /** The run is being asked to pause. */
  void pausing(JobDirectory job) {
    pausing.add(job.id());
  }

  /** Leaves the runs to themselves and the jobs to the next server. */
  @Override
  public void close() {
    closed.complete(null);
  }

  private void work(JobDirectory job) {
    try {
      boolean waited = false;
      for (var next = next(job, false); next != Next.NOTHING; next = next(job, waited)) {
        tryTo(next, job);
        waited = next == Next.WAIT;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      // Not even that it failed can be written down: the next server tries again.
      log.error("job {} cannot be brought forward", job.id(), e);
      working.remove(job.id());
    }
  }

  private void tryTo(Next next, JobDirectory job) throws InterruptedException {
    try {
      act(job, next);
    } catch (JobFailed e) {
      fail(job, e);
    } catch (BadInput e) {
      fail(job, new JobFailed("invalid_request", null, String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      if (!closed.isDone()) {
        log.error("job {} broke", job.id(), e);
        fail(job, new JobFailed("server_error", null, "Something broke: " + e.getMessage()));
      }
    }
  }

  private void fail(JobDirectory job, JobFailed why) {
    log.info("job {} failed: {}", job.id(), why.getMessage());
    job.write(
        new JobDirectory.Failure(
            clock.instant(), why.code(), String.valueOf(why.getMessage()), why.param()));
  }

  /**
   * @param waited whether this server has just seen the run end: one that ended unseen, because
   *     nobody owned the home or the machine went down, is gone on with
   */
  private Next next(JobDirectory job, boolean waited) {
    synchronized (job) {
      var next = derived(job, waited);
      if (next == Next.NOTHING) {
        working.remove(job.id());
      }
      return next;
    }
  }

  private Next derived(JobDirectory job, boolean waited) {
    if (closed.isDone() || job.failure().isPresent()) {
      return Next.NOTHING;
    }
    var run = job.spec().run();
    var wish = job.asked().map(Asked::wish).orElse(null);
    if (!runs.knows(run)) {
      return wish != null ? Next.NOTHING : job.built().isPresent() ? Next.START : Next.BUILD;
    }
    if (runs.active(run)) {
      return Next.WAIT;
    }
    boolean ours = pausing.remove(job.id());
    var state = registry.show(run).map(v -> v.state()).orElse(RunState.QUEUED);
    if (wish == Wish.CANCEL) {
      return Next.NOTHING;
    }
    return switch (state) {
      case COMPLETED -> job.result().isPresent() ? Next.NOTHING : Next.SETTLE;
      case FAILED -> waited ? Next.SETTLE : wish == null ? Next.GO_ON : Next.NOTHING;
      case PAUSED, STOPPED -> {
        if (wish == null && waited && !ours) {
          job.write(new Asked(Wish.PAUSE, clock.instant())); // by './lathe runs stop', say
          yield Next.NOTHING;
        }
        yield wish == null ? Next.GO_ON : Next.NOTHING;
      }
      case QUEUED, RUNNING -> wish == null ? Next.GO_ON : Next.NOTHING;
    };
  }

  private void act(JobDirectory job, Next next) throws JobFailed, InterruptedException {
    switch (next) {
      case BUILD -> build(job);
      case START -> start(job);
      case GO_ON -> runs.resume(job.spec().run(), false);
      case WAIT -> CompletableFuture.anyOf(runs.over(job.spec().run()), closed).join();
      case SETTLE -> settle(job);
      case NOTHING -> throw new IllegalStateException("nothing was to be done");
    }
  }

  private void build(JobDirectory job) throws JobFailed, InterruptedException {
    building.acquire();
    try {
      if (!closed.isDone() && job.asked().isEmpty()) {
        build.build(job);
      }
    } finally {
      building.release();
    }
  }

  private void start(JobDirectory job) {
    var spec = job.spec();
    var request = build.request(spec, job.built().orElseThrow());
    var planned = plan.plan(spec.run(), request, clock.instant());
    synchronized (job) {
      if (job.asked().isEmpty() && !closed.isDone()) {
        runs.start(planned);
      }
    }
  }

  private void settle(JobDirectory job) throws JobFailed {
    var view = runs.show(job.spec().run());
    if (view.state() != RunState.COMPLETED) {
      throw new JobFailed(
          registry.cause(view.id()).filter(c -> !c.isBlank()).orElse("training_failed"),
          null,
          view.error() == null ? "The run failed." : view.error());
    }
    try {
      registrations.register(runs.find(view.id()));
    } catch (BadInput e) {
      throw new JobFailed("model_not_registered", null, String.valueOf(e.getMessage()));
    }
    job.write(new JobDirectory.Result(figures(job), clock.instant()));
  }

  /** A full disk takes no figures; the model is there all the same. */
  private @Nullable String figures(JobDirectory job) {
    try {
      return figures.keep(job).id();
    } catch (BadInput e) {
      log.warn("job {}: its figures are not kept as a file: {}", job.id(), e.getMessage());
      return null;
    }
  }
}
