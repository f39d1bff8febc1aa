package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bases extend NAME}: a base with more tokens. */
@Command(name = "extend", description = "make a base that knows more tokens of one that is here")
public final class BasesExtend extends Bases.OfOneBase {
  @Option(
      names = "--tokens",
      paramLabel = "TOKEN,…",
      required = true,
      split = ",",
      description = "each becomes one id, with a row of the embeddings of its own")
  List<String> tokens = new ArrayList<>();

  @Option(names = "--name", required = true, description = "of the new base")
  String newName = "";

  @Option(
      names = "--special",
      description = "the tokens are marks, which engines do not show; else they are words")
  boolean special;

  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description = "a Jinja file instead of the base's own chat template")
  @Nullable Path chatTemplate;

  public BasesExtend(Session session) {
    super(session);
  }

  @Override
  protected int run(OwnerClient owner) {
    var body = new LinkedHashMap<String, Object>();
    body.put("name", newName);
    body.put("tokens", tokens);
    body.put("special", special);
    if (chatTemplate != null) {
      body.put("chatTemplate", text(chatTemplate));
    }
    print(
        owner.work(path() + "/extend", body, progress -> {}),
        base -> Bases.tellOne(base, terminal()));
    return ExitStatus.DONE;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new BadInput(
          "the chat template cannot be read", file.toString(), "Name a file with Jinja text.", e);
    }
  }
}
