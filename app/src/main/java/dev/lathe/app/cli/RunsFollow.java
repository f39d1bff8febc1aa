package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The commands that stay with one run until it has ended: watch, stop, pause, resume. */
public abstract class RunsFollow extends HomeCommand {
  @Parameters(paramLabel = "RUN", description = "its id, or a piece that no other run has")
  String given = "";

  RunsFollow(Session session) {
    super(session);
  }

  /** The whole id of the run that was named. */
  final String id(OwnerClient owner) {
    return owner.get("runs/" + Text.segment(given)).path("id").asString("");
  }

  final int finish(JsonNode run) {
    print(run, r -> Runs.tellOne(r, terminal()));
    return Runs.exitStatus(run, terminal());
  }

  /** {@code runs watch RUN}. */
  @Command(name = "watch", description = "follow a run to its end")
  public static final class Watch extends RunsFollow {
    public Watch(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      return finish(
          new RunFollower(owner, id(owner), terminal())
              .toItsEnd(RunFollower.Interrupt.ENDS_THE_WATCHING));
    }
  }

  /** {@code runs stop RUN}. */
  @Command(name = "stop", description = "stop a run at a checkpoint and wait for it")
  public static final class Stop extends RunsFollow {
    public Stop(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      return ask(owner, "stop");
    }
  }

  /** {@code runs pause RUN}. */
  @Command(name = "pause", description = "the same as stop, but the run is said to be paused")
  public static final class Pause extends RunsFollow {
    public Pause(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      return ask(owner, "pause");
    }
  }

  final int ask(OwnerClient owner, String what) {
    var id = id(owner);
    var follower = new RunFollower(owner, id, terminal()).fromNow();
    owner.post("runs/" + Text.segment(id) + "/" + what, Map.of(), OwnerClient.Repeat.SAFE);
    return finish(follower.toItsEnd(RunFollower.Interrupt.ENDS_THE_WATCHING));
  }

  /** {@code runs resume RUN}. */
  @Command(
      name = "resume",
      description = "go on with a run that stopped, paused or died, and follow it")
  public static final class Resume extends RunsFollow {
    @Option(
        names = "--inexact",
        description = "go on although this machine computes otherwise than the one before")
    boolean inexact;

    public Resume(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var id = id(owner);
      var follower = new RunFollower(owner, id, terminal()).fromNow();
      var resumed =
          owner.post(
              "runs/" + Text.segment(id) + "/resume",
              Map.of("inexact", inexact),
              OwnerClient.Repeat.NEVER);
      terminal().err().println("run " + id + ": " + resumed.path("note").asString(""));
      return finish(follower.toItsEnd(RunFollower.Interrupt.STOPS_THE_RUN));
    }
  }
}
