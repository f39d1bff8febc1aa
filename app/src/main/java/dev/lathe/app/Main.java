package dev.lathe.app;

import dev.lathe.app.api.ApiServer;
import dev.lathe.app.cli.Bases;
import dev.lathe.app.cli.Chat;
import dev.lathe.app.cli.Commands;
import dev.lathe.app.cli.Datasets;
import dev.lathe.app.cli.Demo;
import dev.lathe.app.cli.DoctorCommand;
import dev.lathe.app.cli.Eval;
import dev.lathe.app.cli.ExperimentCommand;
import dev.lathe.app.cli.Models;
import dev.lathe.app.cli.PullCommand;
import dev.lathe.app.cli.RouterCommand;
import dev.lathe.app.cli.Runs;
import dev.lathe.app.cli.Serve;
import dev.lathe.app.cli.Session;
import dev.lathe.app.cli.SweepCommand;
import dev.lathe.app.cli.Terminal;
import dev.lathe.app.cli.Train;
import dev.lathe.app.cli.UsageCommand;
import dev.lathe.app.owner.Home;

/** The command line: every capability stands here. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    var environment = System.getenv();
    var session =
        new Session(
            Home.of(environment),
            new ApiServer(environment),
            Terminal.ofThisProcess(environment),
            environment);
    System.exit(commands(session).run(arguments));
  }

  static Commands commands(Session session) {
    return new Commands(session)
        .add(new Demo(session))
        .add(new DoctorCommand(session))
        .add(new PullCommand(session))
        .add(new Bases(session), Bases.parts(session)) // list, show, verify, remove
        .add(new Datasets(), Datasets.parts(session)) // build, list, show, preview, stats, …
        .add(new Train(session))
        .add(new SweepCommand(session), SweepCommand.parts(session)) // list, show, stop, resume
        .add(new Runs(session), Runs.parts(session)) // list, show, watch, stop, resume, compare, …
        .add(new Models(session), Models.parts(session)) // list, show, promote, rollback, …
        .add(new Eval(session))
        .add(
            new ExperimentCommand(),
            ExperimentCommand.parts(session)) // start, show, list, weigh, …
        .add(new Serve(session))
        .add(new RouterCommand(), RouterCommand.parts(session)) // classify, train
        .add(new UsageCommand(session)) // what was asked, answered and paid
        .add(new Chat(session));
  }
}
