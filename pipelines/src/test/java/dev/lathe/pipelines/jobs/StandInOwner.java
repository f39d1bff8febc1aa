package dev.lathe.pipelines.jobs;

import java.nio.file.Files;
import java.nio.file.Path;

/** An owner in a process of its own, to be killed: starts a run in the home given and lives on. */
final class StandInOwner {
  private StandInOwner() {}

  public static void main(String[] arguments) throws Exception {
    var home = Path.of(arguments[0]);
    try (var owner = new FinetuneHome(home)) {
      var id = owner.start("steps", arguments[1], "stepMillis", "10", "checkpointEvery", "5");
      owner.awaitStep(id, 2);
      Files.writeString(home.resolve("started"), id);
      Thread.sleep(60_000);
    }
  }
}
