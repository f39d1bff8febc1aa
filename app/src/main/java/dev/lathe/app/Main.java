package dev.lathe.app;

import dev.lathe.app.api.ApiServer;
import dev.lathe.app.cli.Bases;
import dev.lathe.app.cli.Commands;
import dev.lathe.app.cli.DoctorCommand;
import dev.lathe.app.cli.Eval;
import dev.lathe.app.cli.PullCommand;
import dev.lathe.app.cli.Runs;
import dev.lathe.app.cli.RunsFollow;
import dev.lathe.app.cli.Serve;
import dev.lathe.app.cli.Session;
import dev.lathe.app.cli.Terminal;
import dev.lathe.app.cli.Train;
import dev.lathe.app.owner.Home;

/** The command line: every capability stands here. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    var environment = System.getenv();
    var session =
        new Session(
            Home.of(environment),
            new ApiServer(),
            Terminal.ofThisProcess(environment),
            environment);
    System.exit(commands(session).run(arguments));
  }

  static Commands commands(Session session) {
    return new Commands(session)
        .add(new DoctorCommand(session))
        .add(new PullCommand(session))
        .add(
            new Bases(session),
            new Bases.Listed(session),
            new Bases.Show(session),
            new Bases.Verify(session),
            new Bases.Remove(session))
        .add(new Train(session))
        .add(
            new Runs(session),
            new Runs.Listed(session),
            new Runs.Show(session),
            new RunsFollow.Watch(session),
            new RunsFollow.Stop(session),
            new RunsFollow.Pause(session),
            new RunsFollow.Resume(session),
            new Runs.Compare(session))
        .add(new Eval(session))
        .add(new Serve(session));
  }
}
