package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Measures a base, a version or what a run made on a dataset. */
@Command(
    name = "eval",
    description = "loss, perplexity and token accuracy on a dataset's validation part")
public final class Eval extends HomeCommand {
  @Parameters(
      paramLabel = "TARGET",
      description = "a base, a version (name@number or name@alias), or a run")
  String target;

  @Option(
      names = "--dataset",
      required = true,
      paramLabel = "D@V",
      description = "see 'dataset list'")
  String dataset;

  @Option(
      names = "--split",
      paramLabel = "PART",
      defaultValue = "validation",
      description = "train, validation or test (default: ${DEFAULT-VALUE})")
  String split;

  public Eval(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    JsonNode result;
    try (var progress = new Progress(terminal())) {
      result =
          owner.work(
              "eval",
              Map.of("target", target, "dataset", dataset, "split", split),
              p ->
                  progress.update(
                      p.path("stage").asString("measuring"),
                      p.path("done").asLong(0),
                      p.path("total").asLong(0),
                      ""));
    }
    print(
        result,
        r ->
            terminal()
                .out()
                .printf(
                    Locale.ROOT,
                    "%s on %s: loss %.4f, perplexity %.2f, token accuracy %.1f %%, %s tokens%n",
                    r.path("target").asString(""),
                    r.path("dataset").asString(""),
                    r.path("loss").asDouble(),
                    r.path("perplexity").asDouble(),
                    100 * r.path("tokenAccuracy").asDouble(),
                    Text.count(r.path("tokens"))));
    return ExitStatus.DONE;
  }
}
