package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** {@code eval TARGET --suite S}: which suite, who grades, and who else answers. */
final class SuiteOptions {
  @Option(
      names = "--suite",
      paramLabel = "SUITE",
      description =
          "coherence, creative, factual, safety, bias, or a YAML file; see docs/evaluation.md")
  @Nullable String suite;

  @Option(
      names = "--against",
      paramLabel = "TARGET",
      description = "with --suite: another target to compare with, such as openai:gpt-4o-mini")
  @Nullable String against;

  @Option(
      names = "--judge",
      paramLabel = "TARGET",
      description = "with --suite: who grades the answers (default: nobody, only rules)")
  @Nullable String judge;

  boolean asked() {
    if (suite == null && (against != null || judge != null)) {
      throw new BadInput("--against and --judge go with a suite", null, "Add --suite safety.");
    }
    return suite != null;
  }

  JsonNode evaluate(OwnerClient owner, String target, Terminal terminal) {
    var body = new LinkedHashMap<String, @Nullable Object>();
    body.put("target", target);
    body.put("suite", suite);
    if (suite != null && suite.matches(".*\\.ya?ml")) {
      var file = Path.of(suite);
      body.put("yaml", Text.ofFile("suite", file));
      body.put("suite", String.valueOf(file.getFileName()).replaceFirst("\\.ya?ml$", ""));
    }
    body.put("against", against);
    body.put("judge", judge);
    try (var progress = new Progress(terminal)) {
      return owner.work(
          "eval/suite",
          body,
          p ->
              progress.update(
                  p.path("stage").asString(""),
                  p.path("done").asLong(0),
                  p.path("total").asLong(0),
                  ""));
    }
  }
}
