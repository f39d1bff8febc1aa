package dev.lathe.app.page;

import dev.lathe.pipelines.supervision.Journal;
import dev.lathe.pipelines.supervision.RunDirectory;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A process that stands in for training: holds the run, writes a step every 50 ms, and ends as
 * stopped when it is asked to. It ends by itself after two minutes.
 */
final class GrowingRun {
  private static final int STEPS = 2400;

  private GrowingRun() {}

  /** Starts one, and returns when it holds the run. */
  static Process start(RunDirectory run) throws IOException, InterruptedException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                GrowingRun.class.getName(),
                run.path().toString())
            .redirectErrorStream(true)
            .redirectOutput(new File(run.processLog().toString()))
            .start();
    while (process.isAlive() && !run.alive()) {
      Thread.sleep(20);
    }
    return process;
  }

  public static void main(String[] arguments) throws InterruptedException {
    var run = RunDirectory.of(Path.of(arguments[0]));
    try (var lock = run.lock();
        var journal = Journal.open(run.journal())) {
      run.writeProcess();
      journal.append("started", Map.of("fromStep", 0, "steps", STEPS, "exact", true));
      int step = 0;
      while (step < STEPS && !run.control().stopRequested()) {
        journal.append("step", WrittenRun.step(++step, STEPS));
        if (step % 100 == 0) {
          journal.append("eval", Map.of("step", step, "loss", 2.0));
        }
        Thread.sleep(50);
      }
      journal.append(
          "ended", Map.of("state", step < STEPS ? "stopped" : "completed", "step", step));
    }
  }
}
