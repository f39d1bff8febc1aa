package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A command that asks the owner of the home. With {@code --json} it prints one JSON object on
 * stdout, without it a text for people.
 */
public abstract class HomeCommand implements Callable<Integer> {
  private static final JsonMapper PRETTY =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  @Option(names = "--json", description = "print one JSON object on stdout, and nothing else there")
  boolean json;

  private final Session session;

  protected HomeCommand(Session session) {
    this.session = session;
  }

  /** Does the work; 0 when it is done. Errors are thrown, and {@link ExitStatus} maps them. */
  protected abstract int run(OwnerClient owner) throws Exception;

  @Override
  public final Integer call() throws Exception {
    try (var owner = session.connect()) {
      return run(owner);
    }
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
  protected final <T> void print(T result, java.util.function.Consumer<T> forPeople) {
    if (json) {
      terminal().out().println(PRETTY.writeValueAsString(result));
    } else {
      forPeople.accept(result);
    }
  }
}
