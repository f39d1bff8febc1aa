package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.api.ApiServer;
import dev.lathe.app.cli.Session;
import dev.lathe.app.cli.Terminal;
import dev.lathe.app.owner.Home;
import dev.lathe.app.owner.Ownership;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The command line on one home, in this process, with an owner that stays: {@link #run} is what a
 * shell sees. Whatever a command prints with {@code --json} is held to its schema.
 */
public final class CommandLineHome implements AutoCloseable {
  private final Home home;
  private final Ownership owner;

  public CommandLineHome(Path folder) {
    this.home = new Home(folder);
    this.owner = Ownership.take(home, new ApiServer(), 0).orElseThrow();
  }

  /** What a command did. */
  public record Ran(int status, String out, String err) {
    /** The one object on stdout. */
    public JsonNode json() {
      return JsonMapper.shared().readTree(out);
    }

    /** Holds for every command that fails through its user's fault. */
    public Ran refused() {
      assertThat(status).as("%s%s", out, err).isEqualTo(2);
      assertThat("\n" + err).containsPattern("\nlathe: [^\n]*\\S[^\u0000]*\n       \\S");
      assertThat(out + err).doesNotContain("\tat ", "Exception", "dev.lathe.");
      assertThat(err).doesNotContain("null");
      return this;
    }

    /** Holds for every command that ends well. */
    public Ran done() {
      assertThat(status).as("%s%s", out, err).isZero();
      assertThat(out + err).doesNotContain("\tat ", "Exception");
      return this;
    }
  }

  public Path folder() {
    return home.folder();
  }

  public Ran run(String... arguments) {
    return run(home, arguments);
  }

  /** The same on any home, whose owner the command becomes where there is none. */
  public static Ran run(Home home, String... arguments) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var terminal = new Terminal(utf8(out), utf8(err), false, false, 80);
    var session = new Session(home, new ApiServer(), terminal, Map.of());
    int status = Main.commands(session).run(arguments);
    var ran =
        new Ran(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    if (List.of(arguments).contains("--json")) {
      holdToSchema(ran, arguments);
    }
    return ran;
  }

  static void holdToSchema(Ran ran, String... arguments) {
    var printed = ran.json();
    var schema =
        printed.size() == 1 && printed.has("error")
            ? "error"
            : Schemas.of(arguments)
                .orElseThrow(
                    () -> new AssertionError("no schema for " + String.join(" ", arguments)));
    assertThat(Schemas.problems(schema, printed))
        .as("%s of docs/schema/%s.json", ran.out(), schema)
        .isEmpty();
  }

  private static PrintStream utf8(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    owner.close();
  }
}
