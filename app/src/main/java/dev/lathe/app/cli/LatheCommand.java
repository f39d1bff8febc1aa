package dev.lathe.app.cli;

import java.util.function.Consumer;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What all commands share: with {@code --json} they print one JSON object on stdout, without it a
 * text for people.
 */
public abstract class LatheCommand {
  private static final JsonMapper PRETTY =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  @Option(names = "--json", description = "print one JSON object on stdout, and nothing else there")
  boolean json;

  private final Session session;

  protected LatheCommand(Session session) {
    this.session = session;
  }

  protected final Session session() {
    return session;
  }

  protected final Terminal terminal() {
    return session.terminal();
  }

  protected final boolean json() {
    return json;
  }

  /** Prints the object as it is with {@code --json}, and otherwise lets the command tell it. */
  protected final <T> void print(T result, Consumer<T> forPeople) {
    if (json) {
      terminal().out().println(PRETTY.writeValueAsString(result));
    } else {
      forPeople.accept(result);
    }
  }
}
