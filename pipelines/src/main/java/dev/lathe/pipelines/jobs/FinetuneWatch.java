package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.store.CheckpointFolder;
import dev.lathe.pipelines.supervision.Again;
import dev.lathe.pipelines.supervision.Death;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.supervision.RunDirectory;
import dev.lathe.pipelines.supervision.RunProcess;
import dev.lathe.pipelines.supervision.RunStatus;
import dev.lathe.pipelines.supervision.RunVerdict;
import dev.lathe.pipelines.supervision.Supervised;
import dev.lathe.registry.runs.RunFold;
import dev.lathe.registry.runs.RunImport;
import dev.lathe.registry.runs.RunState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run under supervision, from waiting for its turn to what is written down of its end. Starts the
 * run's process or adopts a living one, starts it again when it dies ({@link Again}), and imports
 * the journal as it grows. When the watch is given up ({@link #detach}), the process lives on and
 * the next owner adopts it.
 */
final class FinetuneWatch {
  private static final Logger log = LoggerFactory.getLogger(FinetuneWatch.class);
  private static final Duration LOOK = Duration.ofMillis(200);
  private static final long SAMPLE_NANOS = 1_000_000_000L;

  /** What every watch of an owner shares. */
  record Shared(
      RunImport registry,
      Consumer<RunDirectory> completed,
      FinetuneSlots slots,
      RunCommand command,
      FinetunePatience patience,
      LongSupplier memoryKills) {}

  private final RunDirectory run;
  private final Shared shared;
  private final List<String> arguments;
  private final boolean adopting;
  private final AtomicBoolean begun = new AtomicBoolean();
  private final CompletableFuture<RunStatus> end = new CompletableFuture<>();
  private final CompletableFuture<Void> left = new CompletableFuture<>();
  private final CompletableFuture<Void> concluded = new CompletableFuture<>();
  private volatile boolean detached;

  /**
   * @param arguments for the run process
   * @param adopting whether its process lives already
   */
  FinetuneWatch(RunDirectory run, Shared shared, List<String> arguments, boolean adopting) {
    this.run = run;
    this.shared = shared;
    this.arguments = List.copyOf(arguments);
    this.adopting = adopting;
  }

  /** Begins on a thread of its own; the second call finds it begun. */
  FinetuneWatch begin() {
    if (begun.compareAndSet(false, true)) {
      Thread.ofVirtual().name("watch " + run.id()).start(this::watch);
    }
    return this;
  }

  /** Waits for the end, which never comes when the watch is given up. */
  RunStatus await() {
    return end.join();
  }

  /** Completes with the end; never when the watch is given up. */
  CompletableFuture<RunStatus> end() {
    return end;
  }

  /** Told when Spring Batch is done with the run, normally because the run has ended. */
  void conclude() {
    begin().end().thenRun(() -> concluded.complete(null));
  }

  /** Completes when the run has ended and everybody has written it down. */
  CompletableFuture<Void> concluded() {
    return concluded.copy();
  }

  /** Whether the run ended and everybody has written it down. */
  boolean over() {
    return concluded.isDone();
  }

  /** Gives the watch up and returns when nobody of it touches the database any more. */
  void detach() {
    detached = true;
    if (begun.get()) {
      left.join();
    }
    if (end.isDone()) {
      concluded.completeOnTimeout(null, 10, TimeUnit.SECONDS).join();
    }
  }

  private void watch() {
    try {
      if (detached) {
        return;
      }
      var journal = new FinetuneImport(run, shared.registry());
      journal.catchUp();
      if (adopting) {
        shared.slots().enterNow();
      } else if (!shared.slots().enter(this::cancelled)) {
        if (!detached) {
          end.complete(cancel(journal));
        }
        return;
      }
      try {
        supervise(journal);
      } finally {
        shared.slots().leave();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.error("run {}: its supervision broke", run.id(), e);
      end.complete(new RunStatus(RunState.FAILED, "its supervision broke: " + e.getMessage()));
    } finally {
      left.complete(null);
    }
  }

  private boolean cancelled() {
    return detached || run.control().stopRequested() || run.control().pauseRequested();
  }

  /** Stopped before its turn came: there is no process that could say so. */
  private RunStatus cancel(FinetuneImport journal) {
    var state = run.control().pauseRequested() ? RunState.PAUSED : RunState.STOPPED;
    var before = run.supervised().orElse(null);
    run.write(
        new Supervised(
            journal.catchUp().seq(),
            null,
            before == null ? 0 : before.peakRssMiB(),
            null,
            state,
            null));
    run.control().clear();
    return journal.observe();
  }

  /** Attempt after attempt, until one ends otherwise than by dying, or too many have died. */
  private void supervise(FinetuneImport journal) throws InterruptedException {
    var again =
        new Again(
            run.readSpec().recipe().get("restarts") instanceof Number n ? n.intValue() : 0,
            shared.patience().again());
    for (var with = arguments; ; ) {
      long kills = shared.memoryKills().getAsLong();
      var process = process(journal, with);
      if (process == null || !watched(process, journal)) {
        return;
      }
      var next = next(process, again, kills);
      if (next.isEmpty()) {
        break;
      }
      log.info("run {} died and is started again in {}", run.id(), next.get().after());
      long seq = journal.catchUp().seq();
      run.write(new Supervised(seq, null, process.peakRssMiB(), null, null, null));
      journal.observe();
      if (!waited(next.get().after())) {
        if (!detached) {
          end.complete(cancel(journal));
        }
        return;
      }
      with = Stream.concat(arguments.stream(), next.get().arguments().stream()).toList();
    }
    run.control().clear();
    var status = journal.observe();
    log.info("run {} is {}", run.id(), status.state().word());
    if (status.state() == RunState.COMPLETED) {
      shared.completed().accept(run);
    }
    end.complete(status);
  }

  /** The living one or a new one; null when none can be started, which is the end. */
  private @Nullable RunProcess process(FinetuneImport journal, List<String> with) {
    long seq = journal.catchUp().seq();
    try {
      return RunProcess.adopt(run)
          .orElseGet(() -> RunProcess.start(run, shared.command(), seq, with));
    } catch (BadInput e) {
      run.write(new Supervised(seq, null, 0, null, RunState.FAILED, e.getMessage()));
      end.complete(journal.observe());
      return null;
    }
  }

  /** Follows a process to its end and writes that down; false when the watch was given up. */
  private boolean watched(RunProcess process, FinetuneImport journal) throws InterruptedException {
    long after = after();
    journal.observe();
    var ending = new Ending();
    long lastSample = 0;
    for (boolean exited = false; !exited; ) {
      exited = process.awaitExit(LOOK);
      if (detached) {
        return false;
      }
      var fold = journal.catchUp();
      if (System.nanoTime() - lastSample > SAMPLE_NANOS && !exited) {
        long before = process.peakRssMiB();
        process.sampleMemory();
        lastSample = System.nanoTime();
        if (process.peakRssMiB() != before) {
          journal.observe();
        }
      }
      if (!exited) {
        ending.hasten(process, endedBehind(fold, after));
      }
    }
    process.conclude(verdict(process, journal.catchUp(), after, ending));
    return true;
  }

  /** What the journal says of an end up to here is of an earlier attempt. */
  private long after() {
    return run.supervised().map(Supervised::afterSeq).orElse(0L);
  }

  /** How the run goes on after a process of it has ended; empty when it does not. */
  private Optional<Again.Attempt> next(RunProcess process, Again again, long killsBefore) {
    if (cancelled()) {
      return Optional.empty();
    }
    var said = JournalRecord.last(Journal.read(run.journal(), after()), "ended");
    boolean ranOut =
        said.isPresent()
            ? said.get().text("cause").filter("memory"::equals).isPresent()
            : Again.ranOut(process.exitStatus(), killsBefore, shared.memoryKills().getAsLong());
    if (said.isPresent() && !ranOut) {
      return Optional.empty();
    }
    var checkpoints = new CheckpointFolder(run.checkpoints()).steps();
    return again.after(
        process.exitStatus(), ranOut, checkpoints.stream().mapToLong(s -> s).max().orElse(-1));
  }

  /** False when the run was asked to end meanwhile, or the watch was given up. */
  private boolean waited(Duration most) throws InterruptedException {
    long deadline = System.nanoTime() + most.toNanos();
    while (!cancelled() && System.nanoTime() < deadline) {
      Thread.sleep(Math.min(LOOK.toMillis(), 1 + most.toMillis()));
    }
    return !cancelled();
  }

  private static boolean endedBehind(RunFold fold, long after) {
    return fold.endedLast() && fold.endedSeq() > after;
  }

  private @Nullable RunVerdict verdict(
      RunProcess process, RunFold fold, long after, Ending ending) {
    if (endedBehind(fold, after)) {
      return null; // the journal says it
    }
    if (ending.forced) {
      return new RunVerdict(
          RunState.STOPPED,
          "it did not end within "
              + shared.patience().stop().toSeconds()
              + " s of being asked and was killed; './lathe runs resume "
              + run.id()
              + "' goes on from its last checkpoint");
    }
    var status = process.exitStatus();
    return new RunVerdict(
        RunState.FAILED, Death.of(run, status.isPresent() ? status.getAsInt() : null));
  }

  /** Asks, then insists. */
  private final class Ending {
    private long askedAt;
    private long toldAt;
    private boolean terminated;
    private boolean forced;

    void hasten(RunProcess process, boolean ended) {
      long now = System.nanoTime();
      var patience = shared.patience();
      if (ended) {
        toldAt = toldAt == 0 ? now : toldAt;
        if (now - toldAt > patience.exit().toNanos()) {
          process.kill();
        }
        return;
      }
      if (!run.control().stopRequested() && !run.control().pauseRequested()) {
        return;
      }
      askedAt = askedAt == 0 ? now : askedAt;
      long waited = now - askedAt;
      if (waited > patience.stop().plus(patience.terminate()).toNanos()) {
        process.kill();
      } else if (waited > patience.stop().toNanos() && !terminated) {
        terminated = true;
        forced = true;
        process.terminate();
      }
    }
  }
}
