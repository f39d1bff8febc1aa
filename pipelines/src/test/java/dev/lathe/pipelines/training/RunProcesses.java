package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.JournalRecord;
import dev.lathe.pipelines.supervision.RunCommand;
import dev.lathe.pipelines.supervision.RunDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Real run processes in tests: starting and killing them, and what they leave behind. */
public final class RunProcesses {
  private RunProcesses() {}

  static Process start(RunDirectory run, String... more) throws IOException {
    var command = RunCommand.of(RunMain.class.getName());
    var line = new ArrayList<>(command.java());
    line.add(1, "-XX:TieredStopAtLevel=1"); // it lives for seconds
    line.add(run.path().toString());
    line.addAll(List.of(more));
    var builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(run.processLog().toFile()));
    builder.environment().putAll(command.environment());
    return builder.start();
  }

  /** Kills the next process of the run once it has done a step. */
  static void kill(RunDirectory run, int step) throws Exception {
    long before = records(run).size();
    kill(start(run), () -> records(run).stream().skip(before).anyMatch(r -> isStep(r, step)));
  }

  static void kill(Process process, BooleanSupplier when) throws Exception {
    waitFor(when);
    process.destroyForcibly().waitFor();
  }

  static int finish(Process process) throws InterruptedException {
    assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
    return process.exitValue();
  }

  static void waitFor(BooleanSupplier when) throws InterruptedException {
    long patience = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
    while (!when.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(patience);
      Thread.sleep(1);
    }
  }

  static List<JournalRecord> records(RunDirectory run) {
    return Journal.read(run.journal(), 0);
  }

  static boolean isStep(JournalRecord record, int step) {
    return record.type().equals("step") && record.number("step").orElseThrow() == step;
  }

  /** The newest loss of every step. */
  public static List<Double> losses(RunDirectory run) {
    var byStep = new TreeMap<Double, Double>();
    records(run).stream()
        .filter(r -> r.type().equals("step"))
        .forEach(r -> byStep.put(r.number("step").orElseThrow(), r.number("loss").orElseThrow()));
    return List.copyOf(byStep.values());
  }

  /** The hash of what a run learnt. */
  public static String adapter(RunDirectory run) {
    return Sha256.of(WholeModel.weightsIn(run.result()));
  }
}
