package dev.lathe.pipelines.sweeps;

import dev.lathe.pipelines.jobs.FinetuneHome;
import java.nio.file.Files;
import java.nio.file.Path;

/** An owner in a process of its own, to be killed: sweeps in the home given and lives on. */
final class StandInSweepOwner {
  private StandInSweepOwner() {}

  public static void main(String[] arguments) throws Exception {
    var home = Path.of(arguments[0]);
    try (var owner = new FinetuneHome(home)) {
      var sweep =
          owner.sweeps.start(
              SweepsTest.request("4,8", "steps", "40", "stepMillis", "20", "checkpointEvery", "5"));
      owner.awaitStep(sweep.id() + "-01", 12);
      Files.writeString(home.resolve("started"), sweep.id());
      Thread.sleep(60_000);
    }
  }
}
