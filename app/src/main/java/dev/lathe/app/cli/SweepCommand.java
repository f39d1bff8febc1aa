package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sweep …}: trains the same data with several recipes and compares what comes out. */
@Command(
    name = "sweep",
    description =
        "try several values of recipe keys, as one resumable job; list, show, stop, resume",
    footer = {
      "",
      "./lathe sweep --base B --dataset D@V --name M --grid learningRate=1e-4,3e-4 --grid rank=4,8",
      "./lathe sweep … --random learningRate=log:1e-5..1e-3 --random dropout=0..0.2 --trials 8",
      "",
      "Every trial is a run ('./lathe runs list'). Ctrl-C stops the sweep at a checkpoint;",
      "'./lathe sweep resume SWEEP' goes on with it.",
      "Exit status: 0 completed or stopped as asked, 1 no trial completed or one died, 2 bad input."
    })
public final class SweepCommand extends HomeCommand {
  @Spec CommandSpec spec;

  @Option(names = "--base", paramLabel = "BASE", description = "see 'bases'")
  @Nullable String base;

  @Option(
      names = "--dataset",
      paramLabel = "D@V",
      description = "a dataset's version, or several with their shares, as in 'train'")
  @Nullable String dataset;

  @Option(names = "--name", paramLabel = "MODEL", description = "the name of what comes out")
  @Nullable String name;

  @Option(
      names = "--recipe",
      paramLabel = "FILE",
      description = "a recipe (YAML), the same for every trial")
  @Nullable Path recipe;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "one recipe key, over the file's, the same for every trial; may be repeated")
  Map<String, String> set = new LinkedHashMap<>();

  @Option(
      names = "--sweep",
      paramLabel = "FILE",
      description = "grid, random, trials, seed, parallel, metric, register (YAML)")
  @Nullable Path file;

  @Option(
      names = "--grid",
      paramLabel = "KEY=A,B",
      description = "try each of these values with each of the others; may be repeated")
  Map<String, String> grid = new LinkedHashMap<>();

  @Option(
      names = "--random",
      paramLabel = "KEY=RANGE",
      description = "draw from low..high, log:low..high or a,b,c; may be repeated")
  Map<String, String> random = new LinkedHashMap<>();

  @Option(
      names = "--trials",
      paramLabel = "N",
      description = "random draws, for every point of a grid (8)")
  @Nullable Integer trials;

  @Option(names = "--seed", paramLabel = "N", description = "of the draws (7)")
  @Nullable Integer seed;

  @Option(
      names = "--parallel",
      paramLabel = "N",
      description = "trials at a time, as far as runs may train at once (LATHE_RUNS_AT_ONCE, 1)")
  @Nullable Integer parallel;

  @Option(
      names = "--metric",
      paramLabel = "METRIC",
      description = "which trial is best: evalLoss, tokenAccuracy, loss (evalLoss)")
  @Nullable String metric;

  @Option(
      names = "--register",
      paramLabel = "WHICH",
      description = "trials that become model versions: best, all, none (best)")
  @Nullable String register;

  public SweepCommand(Session session) {
    super(session);
  }

  /** The subcommands. */
  public static Object[] parts(Session session) {
    return new Object[] {
      new Sweeps.Listed(session),
      new Sweeps.Show(session),
      new Sweeps.Stop(session),
      new Sweeps.Resume(session)
    };
  }

  @Override
  protected int run(OwnerClient owner) {
    var request = new LinkedHashMap<String, @Nullable Object>();
    request.put("base", required("--base", base));
    request.put("dataset", required("--dataset", dataset));
    request.put("model", required("--name", name));
    request.put("recipe", recipe == null ? null : Text.ofFile("recipe", recipe));
    request.put("set", Text.absolute(set, "initFrom"));
    request.put("sweep", file == null ? null : Text.ofFile("sweep", file));
    request.put("grid", grid);
    request.put("random", random);
    request.put("trials", trials);
    request.put("seed", seed);
    request.put("parallel", parallel);
    request.put("metric", metric);
    request.put("register", register);
    var started = owner.post("sweeps", request, OwnerClient.Repeat.NEVER);
    var id = started.path("id").asString("");
    terminal().err().println("sweep " + id + ", " + started.path("trials").size() + " trials");
    var sweep = new SweepFollower(owner, id, terminal()).toItsEnd(true);
    print(sweep, s -> SweepFigures.tell(s, terminal()));
    return SweepFigures.exitStatus(sweep, terminal());
  }

  /** Not required to picocli, which would demand it of the subcommands too. */
  private String required(String option, @Nullable String given) {
    if (given == null) {
      var wanted = Stream.of("--base", "--dataset", "--name").map(o -> o + "=…").toList();
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "Missing required option "
              + option
              + " (a sweep wants "
              + String.join(", ", wanted)
              + "; or say list, show, stop or resume)");
    }
    return given;
  }
}
