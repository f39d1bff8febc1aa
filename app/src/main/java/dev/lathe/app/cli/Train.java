package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Trains an adapter and follows the run to its end. */
@Command(
    name = "train",
    description = "fine-tune a base on a dataset",
    footer = {
      "",
      "Ctrl-C asks the run to stop at a checkpoint; './lathe runs resume RUN' goes on with it.",
      "Exit status: 0 completed or stopped as asked, 1 failed, 2 bad input."
    })
public final class Train extends HomeCommand {
  @Option(names = "--base", required = true, paramLabel = "BASE", description = "see 'bases'")
  String base;

  @Option(
      names = "--dataset",
      required = true,
      paramLabel = "D@V",
      description =
          "a dataset's version, such as support@1, or several with their shares of what is learnt,"
              + " such as support@1:0.7,chats@2:0.3 (without shares: by their size)")
  String dataset;

  @Option(
      names = "--name",
      required = true,
      paramLabel = "MODEL",
      description = "the name of the model that comes out")
  String name;

  @Option(names = "--recipe", paramLabel = "FILE", description = "a recipe (YAML)")
  @Nullable Path recipe;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "one recipe key, over the file's; may be repeated")
  Map<String, String> set = new LinkedHashMap<>();

  @Option(
      names = "--dry-run",
      description = "train nothing: say what the run would take in memory, time and disk")
  boolean dryRun;

  public Train(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    var request = new LinkedHashMap<String, Object>();
    request.put("base", base);
    request.put("dataset", dataset);
    request.put("model", name);
    request.put("set", prompts(Text.absolute(set, "initFrom")));
    if (recipe != null) {
      request.put("recipe", Text.ofFile("recipe", recipe));
    }
    if (dryRun) {
      return tellEstimate(owner, request);
    }
    var id = owner.post("runs", request, OwnerClient.Repeat.NEVER).path("id").asString("");
    terminal().err().println("run " + id);
    var run = new RunFollower(owner, id, terminal()).toItsEnd(RunFollower.Interrupt.STOPS_THE_RUN);
    print(run, r -> Runs.tellOne(r, terminal()));
    return Runs.exitStatus(run, terminal());
  }

  private int tellEstimate(OwnerClient owner, Map<String, Object> request) {
    JsonNode estimate;
    try (var progress = new Progress(terminal())) {
      estimate =
          owner.work(
              "runs/estimate",
              request,
              p -> progress.update(p.path("stage").asString(""), 0, 0, ""));
    }
    print(estimate, e -> Runs.tellEstimate(e, terminal()));
    return ExitStatus.DONE;
  }

  /** Prompts may stand in a file: what is asked for are its lines. */
  private static Map<String, String> prompts(Map<String, String> set) {
    set.computeIfPresent(
        "samplePrompts",
        (k, given) ->
            Files.isRegularFile(Path.of(given))
                ? Text.ofFile("file of prompts", Path.of(given))
                : given);
    return set;
  }
}
