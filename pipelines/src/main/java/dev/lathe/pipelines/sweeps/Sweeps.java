package dev.lathe.pipelines.sweeps;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.supervision.RunIds;
import dev.lathe.registry.runs.RunView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sweeps of a home, for its owner: started, stopped, resumed, compared. What was asked stands
 * in a sweep's directory and what came of it in its runs'; Spring Batch is brought in line with
 * them.
 */
public final class Sweeps implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Sweeps.class);

  private final Path folder;
  private final SweepParts parts;
  private final SweepPlan plan;
  private final SweepJob job;
  private final SweepTable table;
  private final TrialStates states;
  private final Map<String, SweepAttempt> attempts = new ConcurrentHashMap<>();
  private final Map<String, SweepAttempt> ended = new ConcurrentHashMap<>();

  /** Set up without touching anything; {@link #recover} brings the home in order. */
  public Sweeps(Path folder, SweepParts parts) {
    this.folder = folder;
    this.parts = parts;
    this.plan = new SweepPlan(parts.plan(), parts.atOnce());
    this.job = new SweepJob(parts.batch(), parts.transactions());
    this.states = new TrialStates(parts.registry());
    this.table = new SweepTable(parts.registry(), states);
  }

  /**
   * What a resume does.
   *
   * @param trials how many are not over and are taken up
   */
  public record Resumed(String id, long trials) {}

  /**
   * Starts a sweep and returns at once.
   *
   * @throws BadInput when any of it cannot be trained; then nothing of it was started
   */
  public SweepView start(SweepRequest request) {
    var id = RunIds.next(parts.clock(), new SecureRandom());
    var spec = plan.plan(id, request, parts.clock().instant());
    directory(id).create(spec);
    launch(spec, false);
    return show(id);
  }

  /**
   * Goes on with a sweep: trials that are missing are started, those that ended early go on from
   * their checkpoints, finished ones are left alone.
   *
   * @throws BadInput when it runs already, or nothing is left to do
   */
  public synchronized Resumed resume(String given, boolean inexact) {
    var spec = find(given);
    if (attempts.containsKey(spec.id())) {
      throw new BadInput(
          "The sweep is running already",
          spec.id(),
          "'./lathe sweep show " + spec.id() + "' tells how far it is.");
    }
    long left = spec.trials().stream().filter(t -> !states.of(t.run()).over()).count();
    if (left == 0) {
      throw new BadInput(
          "Every trial of the sweep is over; there is nothing to resume",
          spec.id(),
          "'./lathe sweep show " + spec.id() + "' compares them.");
    }
    directory(spec.id()).clearStop();
    launch(spec, inexact);
    return new Resumed(spec.id(), left);
  }

  /**
   * Begins no further trial and asks those that train to end at a checkpoint; returns at once.
   *
   * @throws BadInput when it is not running
   */
  public void stop(String given) {
    var id = find(given).id();
    var attempt = attempts.get(id);
    if (attempt == null) {
      throw new BadInput(
          "The sweep is not running: it is " + show(id).state().word(),
          id,
          "'./lathe sweep resume " + id + "' goes on with what is left of it.");
    }
    directory(id).requestStop();
    attempt.stop();
  }

  /** Whether this owner works on a sweep. */
  public boolean active(String id) {
    return attempts.containsKey(id);
  }

  /** A sweep with its table. */
  public SweepView show(String given) {
    var spec = find(given);
    var runs =
        spec.trials().stream()
            .flatMap(t -> parts.registry().show(t.run()).stream())
            .collect(Collectors.toMap(RunView::id, Function.identity()));
    return view(spec, runs);
  }

  /** All sweeps, newest first. */
  public List<SweepView> list() {
    var runs =
        parts.registry().list().stream()
            .collect(Collectors.toMap(RunView::id, Function.identity()));
    return ids().stream()
        .map(id -> view(directory(id).readSpec(), runs))
        .sorted(Comparator.comparing(SweepView::createdAt).reversed())
        .toList();
  }

  /**
   * Brings a home in order that another owner left, after its runs were: a sweep of which a trial
   * still trains goes on, unless it was asked to stop; the others wait for their resume.
   */
  public void recover() {
    for (var id : ids()) {
      try {
        recover(directory(id).readSpec());
      } catch (RuntimeException e) {
        log.warn("sweep {} cannot be recovered: {}", id, e.getMessage(), e);
      }
    }
  }

  /** Gives the sweeps up without ending their runs. */
  @Override
  public void close() {
    attempts.values().forEach(SweepAttempt::giveUp);
  }

  private void recover(SweepSpec spec) {
    boolean lives = spec.trials().stream().anyMatch(t -> parts.finetunes().active(t.run()));
    if (lives && !directory(spec.id()).stopRequested()) {
      log.info("sweep {} has a trial that lives: it goes on", spec.id());
      launch(spec, false);
      return;
    }
    job.conclude(spec, trial -> new SweepJob.Outcome.Stopped());
    conclude(spec);
  }

  private void launch(SweepSpec spec, boolean inexact) {
    var attempt = new SweepAttempt(spec, parts.finetunes(), states, parts.clock(), inexact);
    attempts.put(spec.id(), attempt);
    Thread.ofVirtual().name("sweep " + spec.id()).start(() -> run(spec, attempt));
  }

  private void run(SweepSpec spec, SweepAttempt attempt) {
    try {
      job.run(spec, attempt);
      if (!attempt.isGivenUp()) {
        conclude(spec);
      }
    } catch (RuntimeException e) {
      // The owner is ending, or the database is gone: the runs themselves go on.
      log.warn("Spring Batch lost sight of sweep {}: {}", spec.id(), e.getMessage(), e);
    } finally {
      ended.put(spec.id(), attempt);
      attempts.remove(spec.id());
      attempt.conclude();
    }
  }

  /** When no trial is left to run, the best is told of. */
  private void conclude(SweepSpec spec) {
    boolean complete = spec.trials().stream().allMatch(t -> states.of(t.run()).settled());
    var best = complete ? show(spec.id()).best() : null;
    if (best != null && spec.register() == Register.BEST) {
      parts.best().accept(parts.finetunes().find(spec.trials().get(best - 1).run()));
    }
  }

  private SweepView view(SweepSpec spec, Map<String, RunView> runs) {
    var attempt = attempts.getOrDefault(spec.id(), ended.get(spec.id()));
    return table.view(
        spec, runs, attempt == null ? Map.of() : attempt.refusals(), active(spec.id()));
  }

  private SweepSpec find(String given) {
    return directory(RunIds.resolve(given, ids(), "sweep")).readSpec();
  }

  private SweepDirectory directory(String id) {
    return new SweepDirectory(folder.resolve(id));
  }

  private List<String> ids() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var folders = Files.list(folder)) {
      return folders
          .map(f -> String.valueOf(f.getFileName()))
          .filter(id -> directory(id).exists())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
  }
}
