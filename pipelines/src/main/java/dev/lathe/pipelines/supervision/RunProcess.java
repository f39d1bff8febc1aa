package dev.lathe.pipelines.supervision;

import dev.lathe.checkpoints.input.BadInput;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The process that trains a run, started here or found alive. It outlives this object. */
public final class RunProcess {
  /**
   * The recipe's key for products of rounded fp32 numbers on CUDA. PyTorch reads it from the
   * environment when it is loaded, so the supervisor has to know it.
   */
  public static final String TF32 = "tf32";

  private final RunDirectory run;
  private final ProcessHandle handle;
  private final @Nullable Process child;
  private Supervised supervised;

  private RunProcess(
      RunDirectory run, ProcessHandle handle, @Nullable Process child, Supervised supervised) {
    this.run = run;
    this.handle = handle;
    this.child = child;
    this.supervised = supervised;
  }

  /**
   * Starts the process; what it prints is appended to process.log.
   *
   * @param afterSeq the journal's last record
   * @param arguments behind the run's directory
   * @throws BadInput when a process trains this run already, or none can be started
   */
  public static RunProcess start(
      RunDirectory run, RunCommand command, long afterSeq, List<String> arguments) {
    run.lock().close();
    var builder =
        new ProcessBuilder(command.line(run, arguments))
            .directory(run.path().toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(run.processLog().toFile()));
    command.environment().forEach(builder.environment()::putIfAbsent);
    if (Boolean.TRUE.equals(run.readSpec().recipe().get(TF32))) {
      builder.environment().put("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1");
    }
    try {
      var child = builder.start();
      long peak = run.supervised().map(Supervised::peakRssMiB).orElse(0L);
      var supervised =
          new Supervised(afterSeq, ProcessIdentity.of(child.toHandle()), peak, null, null, null);
      run.write(supervised);
      return new RunProcess(run, child.toHandle(), child, supervised);
    } catch (IOException e) {
      throw new BadInput(
          "The training process cannot be started (" + e.getMessage() + ")",
          run.id(),
          "See './lathe doctor'.",
          e);
    }
  }

  /** The living process of this run, whoever started it. */
  public static Optional<RunProcess> adopt(RunDirectory run) {
    return run.living()
        .flatMap(identity -> ProcessHandle.of(identity.pid()))
        .map(
            handle ->
                new RunProcess(
                    run,
                    handle,
                    null,
                    run.supervised()
                        .orElseGet(
                            () ->
                                new Supervised(
                                    0, ProcessIdentity.of(handle), 0, null, null, null))));
  }

  public ProcessIdentity identity() {
    return ProcessIdentity.of(handle);
  }

  public boolean alive() {
    return child != null ? child.isAlive() : run.alive();
  }

  /** Waits for the end, at most so long; true when it has come. */
  public boolean awaitExit(Duration most) throws InterruptedException {
    if (child != null) {
      return child.waitFor(most.toNanos(), TimeUnit.NANOSECONDS);
    }
    // The system tells an end only to a parent: of an adopted process one has to ask.
    long deadline = System.nanoTime() + most.toNanos();
    while (run.alive()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      try {
        handle.onExit().get(Math.min(left, 200_000_000L), TimeUnit.NANOSECONDS);
      } catch (TimeoutException | ExecutionException e) {
        // looks again
      }
    }
    return true;
  }

  /** Known of a process that was started here and has ended. */
  public OptionalInt exitStatus() {
    return child != null && !child.isAlive()
        ? OptionalInt.of(child.exitValue())
        : OptionalInt.empty();
  }

  /** Looks at the memory of the process tree and keeps the peak in the run's directory. */
  public void sampleMemory() {
    long now = Math.ceilDiv(ProcessMemory.kib(handle), 1024);
    if (now > supervised.peakRssMiB()) {
      supervised = supervised.with(now);
      run.writeLightly(supervised);
    }
  }

  public long peakRssMiB() {
    return supervised.peakRssMiB();
  }

  /** Writes down how the attempt ended; null where the journal says it. */
  public void conclude(@Nullable RunVerdict verdict) {
    var status = exitStatus();
    supervised =
        supervised.with(
            status.isPresent() ? status.getAsInt() : null,
            verdict == null ? null : verdict.state(),
            verdict == null ? null : verdict.error());
    run.write(supervised);
  }

  /** Asks the process tree to end (SIGTERM); it writes no checkpoint any more. */
  public void terminate() {
    handle.descendants().forEach(ProcessHandle::destroy);
    handle.destroy();
  }

  /** Ends the process tree (SIGKILL). */
  public void kill() {
    handle.descendants().forEach(ProcessHandle::destroyForcibly);
    handle.destroyForcibly();
  }
}
