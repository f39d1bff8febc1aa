package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands about sweeps that were started. */
final class Sweeps {
  private Sweeps() {}

  /** {@code sweep list}. */
  @Command(name = "list", description = "all sweeps, newest first")
  static final class Listed extends HomeCommand {
    Listed(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.get("sweeps"), all -> SweepFigures.tellAll(all, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** What names one sweep. */
  abstract static class One extends HomeCommand {
    @Parameters(paramLabel = "SWEEP", description = "its id, or a piece that no other sweep has")
    String given = "";

    One(Session session) {
      super(session);
    }

    /** The whole id of the sweep that was named. */
    final String id(OwnerClient owner) {
      return owner.get("sweeps/" + Text.segment(given)).path("id").asString("");
    }

    final int finish(OwnerClient owner, String id, boolean stops) {
      var sweep = new SweepFollower(owner, id, terminal()).fromNow().toItsEnd(stops);
      print(sweep, s -> SweepFigures.tell(s, terminal()));
      return SweepFigures.exitStatus(sweep, terminal());
    }
  }

  /** {@code sweep show SWEEP}. */
  @Command(name = "show", description = "the trials side by side, the best one marked")
  static final class Show extends One {
    Show(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.get("sweeps/" + Text.segment(given)), s -> SweepFigures.tell(s, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code sweep stop SWEEP}. */
  @Command(name = "stop", description = "stop a sweep at a checkpoint and wait for it")
  static final class Stop extends One {
    Stop(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var id = id(owner);
      owner.post("sweeps/" + Text.segment(id) + "/stop", Map.of(), OwnerClient.Repeat.SAFE);
      return finish(owner, id, false);
    }
  }

  /** {@code sweep resume SWEEP}. */
  @Command(
      name = "resume",
      description = "go on with the trials of a sweep that are not over, and follow them")
  static final class Resume extends One {
    @Option(
        names = "--inexact",
        description = "go on although this machine computes otherwise than the one before")
    boolean inexact;

    Resume(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var id = id(owner);
      var resumed =
          owner.post(
              "sweeps/" + Text.segment(id) + "/resume",
              Map.of("inexact", inexact),
              OwnerClient.Repeat.NEVER);
      terminal()
          .err()
          .println("sweep " + id + ": trials left " + Text.count(resumed.path("trials")));
      return finish(owner, id, true);
    }
  }
}
