package dev.lathe.app.cli;

import dev.lathe.app.demo.Samples;
import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** {@code dataset build LOG… --name N --base B}. */
@Command(name = "build", description = "read, clean, split and tokenize logs into a new version")
public final class DatasetBuild extends HomeCommand {
  private static final String SAMPLE = "sample:";

  @Parameters(
      paramLabel = "LOG",
      arity = "1..*",
      description = "files, gzip and zstd too; or sample:safety-chats, sample:safety-pairs")
  List<Path> logs = List.of();

  @Option(names = "--name", required = true, paramLabel = "NAME", description = "of the dataset")
  String name;

  @Option(
      names = "--base",
      required = true,
      paramLabel = "BASE",
      description = "whose tokenizer and chat template it is made with")
  String base;

  @Option(
      names = "--format",
      paramLabel = "F",
      description = "openai, sharegpt, lathe, alpaca, prompt-completion (default: found out)")
  @Nullable String format;

  @Option(names = "--recipe", paramLabel = "FILE", description = "YAML; see docs/recipes.md")
  @Nullable Path recipe;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "a single key of the recipe, over the file's")
  Map<String, String> set = Map.of();

  public DatasetBuild(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    var wanted = new LinkedHashMap<String, @Nullable Object>();
    wanted.put("logs", logs.stream().map(this::log).map(Path::toString).toList());
    wanted.put("name", name);
    wanted.put("base", base);
    wanted.put("format", format);
    wanted.put("recipe", recipe == null ? null : recipe.toAbsolutePath().toString());
    wanted.put("set", Text.absolute(set, "template"));
    print(build(owner, wanted, terminal()), built -> Datasets.tellOne(built, terminal()));
    return ExitStatus.DONE;
  }

  private Path log(Path given) {
    var name = given.toString();
    return name.startsWith(SAMPLE)
        ? Samples.named(
            session().home().folder().resolve("samples"), name.substring(SAMPLE.length()))
        : given.toAbsolutePath();
  }

  /** The version, built or found to be there already. */
  static JsonNode build(OwnerClient owner, Object wanted, Terminal terminal) {
    try (var progress = new Progress(terminal)) {
      return owner.work(
          "datasets",
          wanted,
          p ->
              progress.update(
                  p.path("stage").asString(""),
                  p.path("done").asLong(0),
                  p.path("total").asLong(0),
                  "conversations"));
    }
  }
}
