package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Measures a base, a version or what a run made on a dataset, or any target by a suite. */
@Command(
    name = "eval",
    description =
        "loss, perplexity and token accuracy on a dataset's validation part, or answers by a suite")
public final class Eval extends HomeCommand {
  @Parameters(
      paramLabel = "TARGET",
      description =
          "a base, a version (name@number or name@alias), a run, or with --suite PROVIDER:MODEL")
  String target;

  @Option(names = "--dataset", paramLabel = "D@V", description = "see 'dataset list'")
  @Nullable String dataset;

  @Mixin SuiteOptions suite = new SuiteOptions();

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
    boolean bySuite = suite.asked();
    if (bySuite == (dataset != null)) {
      throw new BadInput(
          bySuite ? "a dataset and a suite are measured apart" : "there is nothing to measure on",
          target,
          "Name a dataset (--dataset D@V) or a suite (--suite factual).");
    }
    if (bySuite) {
      print(
          suite.evaluate(owner, target, terminal()),
          r -> SuiteFigures.tell(r, suite.answers, terminal()));
      return ExitStatus.DONE;
    }
    return onDataset(owner, dataset);
  }

  private int onDataset(OwnerClient owner, @Nullable String dataset) {
    JsonNode result;
    try (var progress = new Progress(terminal())) {
      result =
          owner.work(
              "eval",
              Map.of("target", target, "dataset", String.valueOf(dataset), "split", split),
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
