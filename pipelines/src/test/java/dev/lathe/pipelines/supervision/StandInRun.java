package dev.lathe.pipelines.supervision;

import dev.lathe.checkpoints.store.CheckpointStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A run process that trains nothing: a real process with the product's lock, journal and control,
 * so that supervision is tested against what operating systems do. Its recipe says how it behaves:
 * {@code steps, stepMillis, checkpointEvery, haltAt, haltEvery, haltStatus, failAt, shortAt, deaf,
 * watchOwner}; a learningRate above 8 diverges at step 3, and the higher the rank, the lower the
 * validation loss.
 */
public final class StandInRun {
  private final RunDirectory run;
  private final Map<String, Object> recipe;
  private final OwnerPresence owner;
  private final CheckpointStore store;

  private StandInRun(RunDirectory run) {
    this.run = run;
    this.recipe = run.readSpec().recipe();
    this.store = new CheckpointStore(run.checkpoints(), 100);
    this.owner = new OwnerPresence(run.path().resolve("../.."));
  }

  public static void main(String[] arguments) throws Exception {
    System.out.println("stand-in with " + List.of(arguments));
    var run = RunDirectory.of(Path.of(arguments[0]));
    try (var lock = run.lock();
        var journal = Journal.open(run.journal())) {
      run.writeProcess();
      new StandInRun(run).train(journal);
    }
  }

  /** The command that starts it, on the tests' class path. */
  public static RunCommand command() {
    var product = RunCommand.of(StandInRun.class.getName());
    var line = new ArrayList<>(product.java());
    line.add(1, "-XX:TieredStopAtLevel=1"); // starts sooner
    return new RunCommand(line, product.environment());
  }

  private void train(Journal journal) throws InterruptedException {
    int steps = number("steps", 10);
    int from = (int) (long) store.newestValid().map(c -> c.step()).orElse(0L);
    journal.append(
        "started",
        Map.of(
            "pid", ProcessHandle.current().pid(), "fromStep", from, "steps", steps, "exact", true));
    if (from == 0) {
      journal.append("eval", Map.of("step", 0, "loss", 3.0));
    }
    for (int step = from + 1; step <= steps; step++) {
      Thread.sleep(number("stepMillis", 5));
      journal.append("step", step(step, steps));
      if (step == number("haltAt", -1) && from == 0) {
        System.err.println("terminate called after throwing an instance of 'c10::Error'");
        Runtime.getRuntime().halt(134);
      }
      if ((step - from) % number("haltEvery", 1_000_000) == 0) {
        Runtime.getRuntime().halt(number("haltStatus", 137));
      }
      if (step == number("shortAt", -1) && from == 0) {
        journal.append(
            "ended", Map.of("state", "failed", "cause", "memory", "error", "memory ran out"));
        return;
      }
      if (step == number("failAt", -1)) {
        journal.append("ended", Map.of("state", "failed", "step", step, "error", "loss is NaN"));
        return;
      }
      if (step == 3 && number("learningRate", 0) > 8) {
        journal.append(
            "ended", Map.of("state", "failed", "error", "The loss is NaN", "cause", "diverged"));
        return;
      }
      if (step % number("checkpointEvery", 1_000_000) == 0) {
        checkpoint(journal, step);
      }
      boolean deaf = Boolean.TRUE.equals(recipe.get("deaf"));
      boolean alone =
          Boolean.TRUE.equals(recipe.get("watchOwner"))
              && owner.absent().compareTo(Duration.ofMillis(500)) > 0;
      if (!deaf && (alone || run.control().stopRequested() || run.control().pauseRequested())) {
        boolean pause = run.control().pauseRequested();
        checkpoint(journal, step);
        journal.append("ended", Map.of("state", pause ? "paused" : "stopped", "step", step));
        run.control().clear();
        return;
      }
    }
    double loss = 8.0 / number("rank", 8);
    journal.append("eval", Map.of("step", steps, "loss", loss, "tokenAccuracy", 1 / (1 + loss)));
    journal.append("ended", Map.of("state", "completed", "step", steps, "adapterSha256", "ef"));
  }

  private void checkpoint(Journal journal, int step) {
    var adapter = MemorySegment.ofArray(new byte[] {(byte) step});
    store.write(step, Map.of("adapter", adapter), Map.of());
    journal.append("checkpoint", Map.of("step", step, "bytes", 100, "seconds", 0.1));
  }

  private static Map<String, Object> step(int step, int steps) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("step", step);
    fields.put("steps", steps);
    fields.put("loss", 1.0 / step);
    fields.put("tokens", 100 * step);
    fields.put("labelTokens", 50 * step);
    fields.put("seconds", 0.01 * step);
    return fields;
  }

  private int number(String key, int otherwise) {
    return recipe.get(key) instanceof Number n ? n.intValue() : otherwise;
  }
}
