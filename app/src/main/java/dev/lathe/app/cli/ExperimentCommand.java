package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code experiment …}: which of two or more targets do users like better? */
@Command(
    name = "experiment",
    description = "A/B between models, bases and providers: start, show, weigh, stop")
public final class ExperimentCommand implements Runnable {
  @Spec CommandSpec spec;

  /** The subcommands. */
  public static Object[] parts(Session session) {
    return new Object[] {
      new Start(session),
      new Show(session),
      new Listed(session),
      new Weigh(session),
      new Stop(session)
    };
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which one: " + String.join(", ", spec.subcommands().keySet()) + "?");
  }

  /** {@code experiment start ID --arm TARGET[=WEIGHT] --arm …}. */
  @Command(
      name = "start",
      description = "begin an experiment; clients ask for its ID as a model",
      footer = {
        "",
        "./lathe experiment start voice --arm support@champion --arm smollm2-135m-instruct",
        "./lathe experiment start canary --arm support@champion=9 --arm claude:claude-sonnet-4-5=1"
      })
  public static final class Start extends HomeCommand {
    @Parameters(paramLabel = "ID", description = "its name, which no model or base may have")
    String id;

    @Option(
        names = "--arm",
        required = true,
        paramLabel = "TARGET[=WEIGHT]",
        description =
            "MODEL@ALIAS, a base or provider:model, and its share (1); twice or more, the first is"
                + " what the others are compared with")
    List<String> arms;

    public Start(Session session) {
      super(session);
      this.arms = List.of();
    }

    @Override
    protected int run(OwnerClient owner) {
      var wanted = new ArrayList<Map<String, Object>>();
      arms.forEach(a -> wanted.add(arm(a, 1.0)));
      var started =
          owner.post("experiments", Map.of("id", id, "arms", wanted), OwnerClient.Repeat.SAFE);
      print(started, e -> ExperimentFigures.tell(e, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code experiment show ID}. */
  @Command(name = "show", description = "how an experiment stands; look as often as you like")
  public static final class Show extends HomeCommand {
    @Parameters(paramLabel = "ID", description = "the experiment's")
    String id;

    @Option(
        names = "--phase",
        paramLabel = "N",
        description = "an earlier one, before the weights were changed")
    @Nullable Integer phase;

    public Show(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var query = phase == null ? "" : "?phase=" + phase;
      print(
          owner.get("experiments/" + Text.segment(id) + query),
          e -> ExperimentFigures.tell(e, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code experiment list}. */
  @Command(name = "list", description = "all experiments, newest first")
  public static final class Listed extends HomeCommand {
    public Listed(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.get("experiments"), all -> ExperimentFigures.tellAll(all, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code experiment weights ID TARGET=WEIGHT…}. */
  @Command(
      name = "weights",
      description = "give arms other weights: a new phase, in which everybody is assigned anew")
  public static final class Weigh extends HomeCommand {
    @Parameters(index = "0", paramLabel = "ID", description = "the experiment's")
    String id;

    @Parameters(
        index = "1..*",
        arity = "1..*",
        paramLabel = "TARGET=WEIGHT",
        description = "arms that are not named keep their weight")
    List<String> arms;

    public Weigh(Session session) {
      super(session);
      this.arms = List.of();
    }

    @Override
    protected int run(OwnerClient owner) {
      var wanted = new ArrayList<Map<String, Object>>();
      arms.forEach(a -> wanted.add(arm(a, null)));
      var weighed =
          owner.put("experiments/" + Text.segment(id) + "/weights", Map.of("arms", wanted));
      print(weighed, e -> ExperimentFigures.tell(e, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code experiment stop ID}. */
  @Command(
      name = "stop",
      description = "end an experiment for good; its name is then answered by its first arm")
  public static final class Stop extends HomeCommand {
    @Parameters(paramLabel = "ID", description = "the experiment's")
    String id;

    public Stop(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      JsonNode stopped =
          owner.post(
              "experiments/" + Text.segment(id) + "/stop", Map.of(), OwnerClient.Repeat.SAFE);
      print(stopped, e -> ExperimentFigures.tell(e, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code TARGET=WEIGHT}; a target may hold '=' itself, so the last one counts. */
  static Map<String, Object> arm(String given, @Nullable Double otherwise) {
    int equals = given.lastIndexOf('=');
    var arm = new LinkedHashMap<String, Object>();
    if (equals < 0) {
      if (otherwise == null) {
        throw new BadInput("the arm has no weight", given, "Write TARGET=WEIGHT.");
      }
      arm.put("target", given);
      arm.put("weight", otherwise);
      return arm;
    }
    arm.put("target", given.substring(0, equals));
    try {
      arm.put("weight", Double.valueOf(given.substring(equals + 1)));
    } catch (NumberFormatException e) {
      throw new BadInput(
          "the weight is no number", given, "Write TARGET=WEIGHT, such as smollm2=0.5.", e);
    }
    return arm;
  }
}
