package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The training runs of the home. */
@Command(
    name = "runs",
    description = "training runs: list, show, watch, stop, pause, resume, reproduce, compare")
public class Runs extends HomeCommand {
  /** Curves of a mixture's parts are called so, and what the part is called. */
  private static final String PART = "evalLoss/";

  public Runs(Session session) {
    super(session);
  }

  /** The subcommands. */
  public static Object[] parts(Session session) {
    return new Object[] {
      new Listed(session),
      new Show(session),
      new RunsFollow.Watch(session),
      new RunsFollow.Stop(session),
      new RunsFollow.Pause(session),
      new RunsFollow.Resume(session),
      new RunsReproduce(session),
      new Compare(session)
    };
  }

  @Override
  protected int run(OwnerClient owner) {
    print(owner.get("runs"), runs -> tell(runs, terminal()));
    return ExitStatus.DONE;
  }

  /** {@code runs list}. */
  @Command(name = "list", description = "all runs, newest first")
  public static final class Listed extends Runs {
    public Listed(Session session) {
      super(session);
    }
  }

  /** {@code runs show RUN}. */
  @Command(name = "show", description = "one run: state, figures, checkpoints, recipe")
  public static final class Show extends HomeCommand {
    @Parameters(paramLabel = "RUN", description = "its id, or a piece that no other run has")
    String id;

    public Show(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(
          owner.get("runs/" + Text.segment(id)),
          run -> {
            tellOne(run, terminal());
            tellRecipe(run, terminal());
          });
      return ExitStatus.DONE;
    }
  }

  /** {@code runs compare RUN RUN…}. */
  @Command(name = "compare", description = "runs side by side, and in what their recipes differ")
  public static final class Compare extends HomeCommand {
    @Parameters(paramLabel = "RUN", arity = "2..*", description = "ids, or unique pieces of them")
    List<String> ids;

    public Compare(Session session) {
      super(session);
      this.ids = List.of();
    }

    @Override
    protected int run(OwnerClient owner) {
      var query = ids.stream().map(Text::segment).collect(Collectors.joining(","));
      print(owner.get("runs/compare?ids=" + query), c -> tellComparison(c, terminal()));
      return ExitStatus.DONE;
    }
  }

  private static void tell(JsonNode runs, Terminal terminal) {
    if (runs.path("items").isEmpty()) {
      terminal.out().println("No runs yet; './lathe train' starts one.");
      return;
    }
    var table = new Table("RUN", "STATE", "MODEL", "BASE", "DATASET", "STEP", "LOSS", "VALIDATION");
    for (var run : runs.path("items")) {
      table.row(
          run.path("id").asString(""),
          run.path("state").asString(""),
          run.path("model").asString(""),
          run.path("base").asString(""),
          run.path("dataset").asString(""),
          steps(run),
          loss(run.path("loss")),
          loss(run.path("evalLoss")));
    }
    table.print(terminal.out());
  }

  /** What a run is expected to take. */
  static void tellEstimate(JsonNode e, Terminal terminal) {
    var out = terminal.out();
    out.printf(
        Locale.ROOT,
        "%s steps, %s tokens in %s%n",
        Text.count(e.path("steps")),
        Text.count(e.path("tokens")),
        e.path("precision").asString(""));
    out.println("  expected    " + RunFollower.estimate(e));
    out.println(
        "  here        "
            + Text.count(e.path("availableMiB"))
            + " MiB of memory and "
            + Text.count(e.path("freeDiskMiB"))
            + " MiB of disk are free");
    tellMixture(e, out);
    if (!e.path("note").asString("").isEmpty()) {
      out.println("  note        " + e.path("note").asString(""));
    }
  }

  /** Every dataset of a mixture, with its share and how often it is passed over. */
  private static void tellMixture(JsonNode estimate, PrintStream out) {
    var datasets = estimate.path("datasets");
    for (int i = 0; datasets.size() > 1 && i < datasets.size(); i++) {
      out.printf(
          Locale.ROOT,
          "  %-11s %s: %.3g %% of what is learnt, %.2f passes%n",
          i == 0 ? "mixture" : "",
          datasets.path(i).path("dataset").asString(""),
          100 * datasets.path(i).path("share").asDouble(),
          datasets.path(i).path("passes").asDouble());
    }
  }

  static void tellOne(JsonNode run, Terminal terminal) {
    var out = terminal.out();
    out.println(
        run.path("id").asString("")
            + "  "
            + terminal.styled(colour(run), run.path("state").asString(""))
            + "  "
            + run.path("model").asString("")
            + " = "
            + run.path("base").asString("")
            + " + "
            + run.path("dataset").asString(""));
    out.printf(
        Locale.ROOT,
        "  step        %s, %s tokens (%s labelled), %s%n",
        steps(run),
        Text.count(run.path("tokens")),
        Text.count(run.path("labelTokens")),
        Text.duration(run.path("seconds").asDouble(0)));
    out.println("  loss        " + loss(run.path("loss")));
    out.println(
        "  validation  "
            + loss(run.path("evalLossBefore"))
            + " before, "
            + loss(run.path("evalLoss"))
            + " after");
    for (var figure : run.path("figures").properties()) {
      if (figure.getKey().startsWith(PART)) {
        var part = figure.getKey().substring(PART.length());
        out.println("              " + loss(figure.getValue()) + " on " + part);
      }
    }
    if (run.path("figures").path("rewards/margins").isNumber()) {
      out.println("  rewards     " + rewards(run.path("figures"), "rewards/"));
      out.println(
          "              " + rewards(run.path("figures"), "evalRewards/") + " (validation)");
    }
    out.println(
        "  speed       "
            + Text.count(run.path("tokensPerSecond"))
            + " tokens/s, peak memory "
            + Text.count(run.path("peakRssMiB"))
            + " MiB");
    if (run.path("estimate").path("seconds").isNumber()) {
      out.println("  expected    " + RunFollower.estimate(run.path("estimate")));
    }
    tellMixture(run.path("estimate"), out);
    out.println("  checkpoints " + checkpoints(run));
    tellSamples(run, terminal);
    if (!run.path("exact").asBoolean(true)) {
      out.println("  resumed inexactly: another run may give another adapter");
    }
    if (run.path("error").isString()) {
      out.println("  error       " + run.path("error").asString(""));
    }
    var state = run.path("state").asString("");
    if (state.equals("stopped") || state.equals("paused")) {
      out.println("  './lathe runs resume " + run.path("id").asString("") + "' goes on with it.");
    }
  }

  /** The newest answer to each prompt. */
  private static void tellSamples(JsonNode run, Terminal terminal) {
    var newest = new LinkedHashMap<String, JsonNode>();
    run.path("samples").forEach(s -> newest.put(s.path("prompt").asString(""), s));
    newest.forEach(
        (prompt, s) -> {
          terminal.out().println("  at step " + s.path("step") + "  " + Text.printable(prompt));
          terminal.out().println("    " + Text.printable(s.path("answer").asString("")));
        });
  }

  /** 0 for a run that completed or ended as asked, 1 for one that failed. */
  static int exitStatus(JsonNode run, Terminal terminal) {
    if (!run.path("state").asString("").equals("failed")) {
      return ExitStatus.DONE;
    }
    terminal.err().println("lathe: the run failed: " + run.path("error").asString(""));
    return ExitStatus.FAILED;
  }

  private static void tellRecipe(JsonNode run, Terminal terminal) {
    terminal.out().println("  recipe");
    for (var entry : run.path("recipe").properties()) {
      terminal.out().println("    " + entry.getKey() + ": " + plain(entry.getValue()));
    }
  }

  private static void tellComparison(JsonNode comparison, Terminal terminal) {
    var runs = comparison.path("items");
    var ids = runs.valueStream().map(r -> r.path("id").asString("")).toList();
    var headers = new java.util.ArrayList<>(List.of(""));
    headers.addAll(ids);
    var table = new Table(headers.toArray(String[]::new));
    for (var key :
        List.of(
            "state",
            "base",
            "dataset",
            "step",
            "tokens",
            "seconds",
            "tokensPerSecond",
            "loss",
            "evalLossBefore",
            "evalLoss",
            "peakRssMiB")) {
      var row = new java.util.ArrayList<Object>(List.of(key));
      runs.forEach(r -> row.add(figure(r.path(key))));
      table.row(row.toArray());
    }
    for (var entry : comparison.path("recipe").properties()) {
      var row = new java.util.ArrayList<Object>(List.of("recipe." + entry.getKey()));
      ids.forEach(id -> row.add(plain(entry.getValue().path(id))));
      table.row(row.toArray());
    }
    table.print(terminal.out());
  }

  private static String figure(JsonNode value) {
    return value.isFloatingPointNumber()
        ? String.format(Locale.ROOT, "%.4f", value.asDouble())
        : plain(value);
  }

  private static String plain(JsonNode value) {
    return value.isNull() || value.isMissingNode()
        ? "-"
        : value.isString() ? value.asString() : value.toString();
  }

  private static String checkpoints(JsonNode run) {
    var steps =
        run.path("checkpoints")
            .valueStream()
            .map(c -> c.path("step").toString())
            .collect(Collectors.joining(", "));
    return steps.isEmpty() ? "none" : "at step " + steps;
  }

  private static String steps(JsonNode run) {
    return Text.count(run.path("step")) + "/" + Text.count(run.path("steps"));
  }

  private static String loss(JsonNode value) {
    return value.isNumber() ? String.format(Locale.ROOT, "%.4f", value.asDouble()) : plain(value);
  }

  /** Chosen, rejected, the margin between them, and how often it is right. */
  private static String rewards(JsonNode figures, String side) {
    var accuracy = figures.path(side + "accuracies");
    return "chosen %s, rejected %s, margin %s%s"
        .formatted(
            loss(figures.path(side + "chosen")),
            loss(figures.path(side + "rejected")),
            loss(figures.path(side + "margins")),
            accuracy.isNumber()
                ? String.format(Locale.ROOT, ", %.0f %% right", 100 * accuracy.asDouble())
                : "");
  }

  private static String colour(JsonNode run) {
    return switch (run.path("state").asString("")) {
      case "completed" -> "32";
      case "failed" -> "31";
      case "running" -> "36";
      default -> "33";
    };
  }
}
