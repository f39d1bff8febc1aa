package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code eval TARGET --dataset D@V}: what is told of which part. */
final class DatasetOptions {
  @Option(
      names = "--split",
      paramLabel = "PART",
      description = "with --dataset: train, validation (default) or test")
  @Nullable String split;

  @Option(
      names = "--by",
      split = ",",
      paramLabel = "SLICE",
      description =
          "with --dataset: show it by source, language, length, topic, or metadata.KEY of the logs")
  @Nullable List<String> by;

  @Option(
      names = "--worst",
      paramLabel = "N",
      description = "with --dataset: show so many conversations with the highest loss (5)")
  @Nullable Integer worst;

  @Option(
      names = "--answer-tokens",
      paramLabel = "N",
      description = "with --dataset and --answers: at which one is cut off (256)")
  @Nullable Integer answerTokens;

  @Option(
      names = "--turn",
      paramLabel = "TURN",
      description =
          "with --dataset and --answers: which turn is answered: last (default), call (the last"
              + " that calls a function) or any")
  @Nullable String turn;

  @Option(
      names = "--schema",
      paramLabel = "FILE",
      description = "with --dataset and --answers: a JSON Schema that answers in JSON are held to")
  @Nullable Path schema;

  /** What is said of a dataset says nothing of a suite. */
  void requireNothing() {
    boolean answering = answerTokens != null || turn != null || schema != null;
    if (answering || split != null || by != null || worst != null) {
      throw new BadInput(
          "--split, --by, --worst, --answer-tokens, --turn and --schema go with a dataset",
          null,
          "Leave them out, or name a dataset (--dataset D@V).");
    }
  }

  JsonNode evaluate(
      OwnerClient owner,
      String target,
      String dataset,
      @Nullable Integer answers,
      Terminal terminal) {
    var wanted = new LinkedHashMap<String, @Nullable Object>();
    wanted.put("target", target);
    wanted.put("dataset", dataset);
    wanted.put("split", split);
    wanted.put("by", by);
    wanted.put("worst", worst);
    wanted.put("answers", answers);
    wanted.put("answerTokens", answerTokens);
    wanted.put("turn", turn);
    wanted.put("schema", schema == null ? null : json(schema));
    try (var progress = new Progress(terminal)) {
      return owner.work(
          "eval",
          wanted,
          p ->
              progress.update(
                  p.path("stage").asString("measuring"),
                  p.path("done").asLong(0),
                  p.path("total").asLong(0),
                  ""));
    }
  }

  private static JsonNode json(Path file) {
    try {
      return JsonMapper.shared().readTree(Text.ofFile("schema", file));
    } catch (JacksonException e) {
      throw new BadInput(
          "the schema is not JSON: " + e.getOriginalMessage(),
          file.toString(),
          "Give a file with a JSON Schema.",
          e);
    }
  }
}
