package dev.lathe.serving.experiments;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/**
 * The experiments of a home, or of several servers that share a database. Changes are durable
 * before they are answered; {@link #assign} asks no database and sees the changes of this process
 * at once, those of other processes within half a second.
 */
public final class Experiments implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Experiments.class);
  private static final long LOOK_MILLIS = 400;

  private final ExperimentTable table;
  private final Outcomes outcomes;
  private final TargetNames targets;
  private final Clock clock;

  /** Held over reading or writing the table and publishing what was found or written. */
  private final ReentrantLock change = new ReentrantLock();

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread watcher;
  private volatile SequencedMap<String, Experiment> known = new LinkedHashMap<>();

  public Experiments(
      JdbcClient jdbc, PlatformTransactionManager transactions, TargetNames targets, Clock clock) {
    this.table = new ExperimentTable(jdbc, transactions);
    this.outcomes = new Outcomes(jdbc);
    this.targets = targets;
    this.clock = clock;
    refresh();
    watcher = Thread.ofVirtual().name("experiments of other servers").start(this::watch);
  }

  /**
   * Begins an experiment. Asked again for the same running one, it gives that back.
   *
   * @throws BadInput when the id or the arms cannot be used
   * @throws ExperimentConflict when the id was given to another experiment, running or not
   */
  public Experiment start(String id, List<Arm> arms) {
    var wanted = new Experiment(id, ExperimentState.RUNNING, 1, arms, now(), null);
    targets
        .bearer(id)
        .ifPresent(
            what -> {
              throw new BadInput(
                  "the name belongs to " + what, id, "Choose another id for the experiment.");
            });
    for (var arm : arms) {
      if (arm.target().equals(id) || known.containsKey(arm.target())) {
        throw new BadInput(
            "an experiment cannot be an arm",
            arm.target(),
            "Name MODEL@ALIAS, a base or provider:model.");
      }
      targets.require(arm.target());
    }
    change.lock();
    try {
      if (table.insert(wanted)) {
        publish(wanted);
        return wanted;
      }
      refresh();
      var found = require(id);
      if (found.running() && found.arms().equals(wanted.arms())) {
        return found;
      }
      throw new ExperimentConflict(
          "the experiment exists already", told(found), "Choose another id.");
    } finally {
      change.unlock();
    }
  }

  /**
   * Gives some arms other weights, which begins a new phase; weights that change nothing begin
   * none.
   *
   * @param weights by target; an arm not named keeps its own
   * @throws ExperimentConflict when the experiment is stopped, or another server changed it
   *     meanwhile
   */
  public Experiment weigh(String id, Map<String, Double> weights) {
    change.lock();
    try {
      refresh();
      var found = require(id);
      var names = found.arms().stream().map(Arm::target).toList();
      for (var target : weights.keySet()) {
        if (!names.contains(target)) {
          throw new BadInput(
              "the experiment has no such arm", target, DidYouMean.remedy(target, names));
        }
      }
      var arms = new ArrayList<Arm>();
      for (var arm : found.arms()) {
        arms.add(new Arm(arm.target(), weights.getOrDefault(arm.target(), arm.weight())));
      }
      if (!found.running()) {
        throw new ExperimentConflict(
            "the experiment is stopped", id, "Start another one with a new id.");
      }
      return arms.equals(found.arms())
          ? found
          : replaced(found, found.inPhase(found.phase() + 1, arms));
    } finally {
      change.unlock();
    }
  }

  /** Ends an experiment for good; one that has ended stays as it is. */
  public Experiment stop(String id) {
    change.lock();
    try {
      refresh();
      var found = require(id);
      return found.running() ? replaced(found, found.stopped(now())) : found;
    } finally {
      change.unlock();
    }
  }

  /** All, newest first. */
  public List<Experiment> list() {
    return List.copyOf(known.values());
  }

  public Optional<Experiment> find(String id) {
    return Optional.ofNullable(known.get(id));
  }

  /**
   * Which arm answers a subject: the same one for as long as the phase lasts. Pure, and without the
   * database. Empty when no experiment has this id.
   *
   * @param subject whoever is answered, always named or hashed in the same way
   */
  public Optional<Assignment> assign(String id, String subject) {
    return find(id)
        .map(
            e -> {
              int arm = e.running() ? Allocation.arm(id, e.phase(), e.arms(), subject) : 0;
              return new Assignment(id, e.phase(), arm, e.arms().get(arm).target(), e.running());
            });
  }

  /** Whether an answer given at that time is one of the experiment's exposures. */
  public boolean counts(String id, Instant answeredAt) {
    var ended = find(id).map(Experiment::endedAt).orElse(null);
    return ended == null || !answeredAt.isAfter(ended);
  }

  /**
   * What can be said of an experiment's arms by now, in one phase of it.
   *
   * @param phase null for the current one
   * @throws BadInput when there is no such experiment or phase
   */
  public ExperimentReport show(String id, @Nullable Integer phase) {
    var experiment = require(id);
    var phases = table.phases(id);
    int wanted = phase == null ? experiment.phase() : phase;
    var weighed =
        phases.stream()
            .filter(p -> p.number() == wanted)
            .findFirst()
            .orElseThrow(
                () ->
                    new BadInput(
                        "the experiment has no such phase",
                        Integer.toString(wanted),
                        "It has phases 1 to " + experiment.phase() + "."));
    return Analysis.report(experiment, weighed, outcomes.of(experiment, weighed));
  }

  /** Ends the look at what other servers change. */
  @Override
  public void close() {
    closed.countDown();
    try {
      watcher.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Experiment require(String id) {
    return find(id)
        .orElseThrow(
            () ->
                new BadInput(
                    "there is no such experiment", id, DidYouMean.remedy(id, known.keySet())));
  }

  private Experiment replaced(Experiment from, Experiment to) {
    if (!table.replace(from, to, now())) {
      refresh();
      throw new ExperimentConflict(
          "the experiment changed meanwhile: expected " + told(from) + ", found",
          find(from.id()).map(Experiments::told).orElse("none"),
          "Look at it again and repeat what you want.");
    }
    publish(to);
    return to;
  }

  private void publish(Experiment e) {
    var next = new LinkedHashMap<String, Experiment>();
    if (!known.containsKey(e.id())) {
      next.put(e.id(), e);
    }
    next.putAll(known);
    next.replace(e.id(), e);
    known = next;
  }

  private void refresh() {
    change.lock();
    try {
      var next = new LinkedHashMap<String, Experiment>();
      table.all().forEach(e -> next.put(e.id(), e));
      known = next;
    } finally {
      change.unlock();
    }
  }

  /** Never interrupted: an interrupt in mid-read would close H2's file. */
  private void watch() {
    boolean told = false;
    try {
      while (!closed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        try {
          refresh();
          told = false;
        } catch (DataAccessException | IllegalStateException e) {
          // What is known stays in force until the database answers again.
          if (!told) {
            log.warn("the experiments cannot be read; the last known stay in force", e);
          }
          told = true;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What the database keeps of a time, so that what is answered equals what is read later. */
  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static String told(Experiment e) {
    return e.id() + " (" + e.state().word() + ", phase " + e.phase() + ")";
  }
}
