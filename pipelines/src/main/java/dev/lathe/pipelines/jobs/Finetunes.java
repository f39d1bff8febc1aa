package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.store.CheckpointFolder;
import dev.lathe.checkpoints.store.CheckpointStore;
import dev.lathe.checkpoints.store.Skipped;
import dev.lathe.pipelines.supervision.Death;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunIds;
import dev.lathe.pipelines.supervision.RunSpec;
import dev.lathe.pipelines.supervision.RunStatus;
import dev.lathe.pipelines.supervision.Supervised;
import dev.lathe.pipelines.training.EstimateMain;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunRegistry;
import dev.lathe.registry.runs.RunState;
import dev.lathe.registry.runs.RunView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.job.JobExecution;

/**
 * The fine-tuning runs of a home, for its owner: started, adopted, resumed, stopped. The runs'
 * directories are the truth; the registry and Spring Batch are brought in line with them.
 */
public final class Finetunes implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Finetunes.class);

  private static final Duration STILL_WANTED = Duration.ofMinutes(1);

  private final Path runs;
  private final FinetunePlan plan;
  private final RunImport imports;
  private final RunRegistry registry;
  private final FinetuneWatch.Shared shared;
  private final FinetuneJob job;
  private final Clock clock;
  private final Map<String, FinetuneWatch> watches = new ConcurrentHashMap<>();

  /** Set up without touching anything; {@link #recover} brings the home in order. */
  public Finetunes(Path runs, FinetunePlan plan, FinetuneParts parts) {
    this.runs = runs;
    this.plan = plan;
    this.imports = parts.imports();
    this.registry = parts.registry();
    this.clock = parts.clock();
    this.shared =
        new FinetuneWatch.Shared(
            imports,
            parts.completed(),
            new FinetuneSlots(parts.atOnce()),
            parts.command(),
            parts.patience(),
            parts.memoryKills());
    this.job =
        new FinetuneJob(
            parts.batch(),
            parts.transactions(),
            this::watch,
            id -> RunDirectory.of(runs.resolve(id)).control().requestStop(),
            id -> watch(id).conclude());
  }

  /**
   * What a resume does.
   *
   * @param adopted whether the run's process was found alive
   * @param note what the user should know
   */
  public record Resumed(String id, long fromStep, boolean adopted, String note) {}

  /** Starts a run and returns at once. */
  public RunSpec start(FinetuneRequest request) {
    var now = clock.instant();
    var spec = plan.plan(freshId(), request, now);
    start(spec);
    return spec;
  }

  /** An id that no run has. */
  public String freshId() {
    return RunIds.next(clock, new SecureRandom(), id -> Files.exists(runs.resolve(id)));
  }

  /**
   * Starts a run that was planned before, and returns at once.
   *
   * @throws BadInput when there is a run of that id, or the disk takes no more
   */
  public void start(RunSpec spec) {
    var run = RunDirectory.of(runs.resolve(spec.id()));
    run.create(spec);
    new FinetuneImport(run, imports).observe();
    launch(run, List.of());
  }

  /** What a run would take; none is made. A micro-batch is tried for it, in a worker process. */
  public EstimateMain.Result estimate(FinetuneRequest request) {
    var spec = plan.plan(RunIds.next(clock, new SecureRandom()), request, clock.instant());
    return Worker.run(
        EstimateMain.class.getName(),
        new EstimateMain.Request(runs.resolveSibling("").toString(), spec),
        EstimateMain.Result.class,
        step -> {});
  }

  /**
   * Goes on with a run that stopped, paused or died; adopts it when its process still lives.
   *
   * @param inexact whether to go on although this machine may compute otherwise than the first
   * @throws BadInput when the run is complete or trains already, or its checkpoints are all damaged
   */
  public synchronized Resumed resume(String given, boolean inexact) {
    var run = find(given);
    var id = run.id();
    if (active(id)) {
      throw new BadInput(
          run.control().stopRequested() || run.control().pauseRequested()
              ? "The run is just being stopped"
              : "The run is running already",
          id,
          "Follow it with './lathe runs watch " + id + "'.");
    }
    var journal = new FinetuneImport(run, imports);
    var fold = journal.catchUp();
    if (run.alive()) {
      adopt(run, null);
      return new Resumed(id, fold.step(), true, "its process is alive and was adopted");
    }
    if (RunStatus.of(run, fold).state() == RunState.COMPLETED) {
      throw new BadInput(
          "The run is complete; there is nothing to resume",
          id,
          "'./lathe train' starts another one.");
    }
    var point = resumePoint(run);
    long peak = run.supervised().map(Supervised::peakRssMiB).orElse(0L);
    run.write(new Supervised(fold.seq(), null, peak, null, null, null));
    run.control().clear();
    journal.observe();
    launch(run, inexact ? List.of("--inexact") : List.of());
    long from = point.orElse(0);
    return new Resumed(
        id,
        from,
        false,
        from == 0
            ? "it ended before its first checkpoint and begins again at step 0 with the same seed,"
                + " which gives the same run"
            : "it goes on behind step " + from);
  }

  /** Asks a run to write a checkpoint and end as stopped; returns at once. */
  public void stop(String given) {
    var run = running(given);
    // Asked directly too: an execution that is only just starting passes the request on to nobody,
    // and an adopted run has no execution in this process.
    run.control().requestStop();
    job.stop(run.id());
  }

  /** Asks a run to write a checkpoint and end as paused; returns at once. */
  public void pause(String given) {
    running(given).control().requestPause();
  }

  /** Whether a run waits for its turn or trains under this owner's eyes. */
  public boolean active(String id) {
    var watch = watches.get(id);
    return watch != null && !watch.over();
  }

  /**
   * Completes when a run that waits or trains has ended and everybody has written it down; never
   * when this owner ends before. Complete at once for a run that nobody watches.
   */
  public CompletableFuture<Void> over(String id) {
    var watch = watches.get(id);
    return watch == null ? CompletableFuture.completedFuture(null) : watch.concluded();
  }

  /** Whether there is a run of exactly this id. */
  public boolean knows(String id) {
    return Files.isRegularFile(runs.resolve(id).resolve("run.json"));
  }

  /** The run of an id or of a piece of one that no other run has. */
  public RunDirectory find(String given) {
    return RunDirectory.of(runs.resolve(RunIds.resolve(given, registry.ids())));
  }

  /** One run, with the checkpoints that are still on disk. */
  public RunView show(String given) {
    var run = find(given);
    var view =
        registry
            .show(run.id())
            .orElseThrow(() -> new IllegalStateException("the registry forgot " + run.id()));
    var there = new CheckpointFolder(run.checkpoints()).steps();
    return view.withCheckpoints(
        view.checkpoints().stream().filter(c -> there.contains(c.step())).toList());
  }

  /** All runs, newest first. */
  public List<RunView> list() {
    return registry.list();
  }

  /**
   * Brings a home in order that another owner left, however it ended: imports what runs did
   * meanwhile, adopts those that live, and writes down how the others ended.
   */
  public void recover() {
    var left = job.leftRunning();
    for (var run : directories()) {
      try {
        recover(run, left.get(run.id()));
      } catch (RuntimeException e) {
        log.warn("run {} cannot be recovered: {}", run.id(), e.getMessage(), e);
      }
    }
  }

  /** Gives the runs up without ending them; they end by themselves when no owner adopts them. */
  @Override
  public void close() {
    watches.values().forEach(FinetuneWatch::detach);
  }

  private void recover(RunDirectory run, @Nullable JobExecution left) {
    var journal = new FinetuneImport(run, imports);
    var fold = journal.catchUp();
    if (run.alive()) {
      adopt(run, left);
      return;
    }
    var status = RunStatus.of(run, fold);
    var supervised = run.supervised().orElseGet(() -> new Supervised(0, null, 0, null, null, null));
    if (status.state() == RunState.QUEUED && queuedJustNow(run)) {
      journal.observe();
      log.info("run {} waited for an owner that ended: starting it", run.id());
      launch(run, List.of());
      return;
    }
    if (status.state() == RunState.QUEUED) {
      run.write(
          supervised.with(
              null,
              RunState.STOPPED,
              "its owner ended before its turn came; './lathe runs resume "
                  + run.id()
                  + "' starts it"));
    } else if (status.state() == RunState.FAILED
        && supervised.verdict() == null
        && !(fold.endedLast() && fold.endedSeq() > supervised.afterSeq())) {
      run.write(supervised.with(null, RunState.FAILED, Death.of(run, null)));
    }
    var settled = journal.observe();
    if (settled.state() == RunState.COMPLETED) {
      shared.completed().accept(run);
    }
    if (left != null) {
      job.conclude(left, settled);
    }
  }

  /** Whoever asked for it is likely still there, as the client of the owner that ended. */
  private boolean queuedJustNow(RunDirectory run) {
    var asked = run.path().resolve(run.supervised().isPresent() ? "supervision.json" : "run.json");
    try {
      var age = Duration.between(Files.getLastModifiedTime(asked).toInstant(), clock.instant());
      return age.compareTo(STILL_WANTED) < 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Supervises a living process; the execution that a dead owner left ends as the run ends. */
  private void adopt(RunDirectory run, @Nullable JobExecution execution) {
    log.info("run {} lives: adopted", run.id());
    var watch = new FinetuneWatch(run, shared, List.of(), true);
    watches.put(run.id(), watch);
    watch
        .end()
        .thenAccept(
            status -> {
              try {
                if (execution != null) {
                  job.conclude(execution, status);
                }
              } finally {
                watch.conclude();
              }
            });
    watch.begin();
  }

  private void launch(RunDirectory run, List<String> arguments) {
    watches.put(run.id(), new FinetuneWatch(run, shared, arguments, false));
    try {
      job.launch(run.id());
    } catch (RuntimeException e) {
      watches.remove(run.id());
      throw e;
    }
  }

  private FinetuneWatch watch(String id) {
    var watch = watches.get(id);
    if (watch == null) {
      throw new IllegalStateException("nobody watches run " + id);
    }
    return watch;
  }

  private RunDirectory running(String given) {
    var run = find(given);
    if (!active(run.id())) {
      var state = show(run.id()).state();
      throw new BadInput(
          "The run is not running: it is " + state.word(),
          run.id(),
          state == RunState.COMPLETED
              ? "'./lathe runs show " + run.id() + "' tells what came out."
              : "'./lathe runs resume " + run.id() + "' goes on with it.");
    }
    return run;
  }

  /** The newest valid checkpoint's step; empty only when the run never wrote one. */
  private OptionalLong resumePoint(RunDirectory run) {
    var damaged = new ArrayList<Skipped>();
    try (var lock = run.lock()) {
      // Opened for writing, the store mends what a process left half done that was killed in it.
      var newest = new CheckpointStore(run.checkpoints(), 1).newestValid(damaged::add);
      if (newest.isPresent()) {
        return OptionalLong.of(newest.get().step());
      }
    }
    boolean wroteSome = registry.show(run.id()).map(v -> !v.checkpoints().isEmpty()).orElse(false);
    if (wroteSome || !damaged.isEmpty()) {
      throw new BadInput(
          "The run wrote checkpoints, but none is intact",
          run.checkpoints()
              + damaged.stream()
                  .map(s -> "\n  " + s.folder().getFileName() + ": " + s.reason())
                  .collect(Collectors.joining()),
          "Restore one from a backup, or start a new run with './lathe train'.");
    }
    return OptionalLong.empty();
  }

  private List<RunDirectory> directories() {
    if (!Files.isDirectory(runs)) {
      return List.of();
    }
    try (var folders = Files.list(runs)) {
      return folders
          .filter(f -> Files.isRegularFile(f.resolve("run.json")))
          .sorted()
          .map(RunDirectory::of)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + runs, e);
    }
  }
}
