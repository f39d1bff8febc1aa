package dev.lathe.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.app.api.ApiServer;
import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.Home;
import dev.lathe.checkpoints.input.BadInput;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class CommandsTest {
  @TempDir Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    var terminal =
        new Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            false,
            80);
    var session = new Session(new Home(folder), new ApiServer(), terminal, Map.of());
    return new Commands(session).add(new Thrower(session)).run(arguments);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Command(name = "throw", description = "throws")
  static final class Thrower extends LatheCommand implements Callable<Integer> {
    @Option(names = "--what")
    String what = "";

    Thrower(Session session) {
      super(session);
    }

    @Override
    public Integer call() throws Exception {
      switch (what) {
        case "input" -> throw new BadInput("no such log", "a.jsonl", "Look again.");
        case "missing" -> throw new ApiError(404, "no such run", "r9", "See the list.");
        case "server" -> throw new ApiError(500, "it broke", "x", "The log tells more.");
        case "other" -> throw new IllegalStateException("inside");
        default -> print(Map.of("ok", true), r -> terminal().out().println("done"));
      }
      return ExitStatus.DONE;
    }
  }

  @Test
  void badInputEndsWithTwoAndSaysWhatTheValueAndTheRemedy() {
    assertThat(run("throw", "--what", "input")).isEqualTo(2);
    assertThat(err()).isEqualTo("lathe: no such log: a.jsonl\n       Look again.\n");
    assertThat(out()).isEmpty();
  }

  @Test
  void whatTheOwnerCallsTheUsersFaultEndsWithTwoAndItsOwnWithOne() {
    assertThat(run("throw", "--what", "missing")).isEqualTo(2);
    assertThat(run("throw", "--what", "server")).isEqualTo(1);
  }

  @Test
  void anythingElseEndsWithOneAndWithoutAStackTrace() {
    assertThat(run("throw", "--what", "other")).isEqualTo(1);
    assertThat(err()).contains("inside").doesNotContain("\tat ");
  }

  @Test
  void withJsonStdoutHoldsOneObjectAlsoWhenItFails() {
    assertThat(run("throw", "--json")).isZero();
    assertThat(out()).contains("\"ok\"").doesNotContain("done");
    out.reset();
    assertThat(run("throw", "--what", "input", "--json")).isEqualTo(2);
    assertThat(out()).startsWith("{\"error\":{\"what\":\"no such log\"");
  }

  @Test
  void anUnknownCommandOrOptionIsAnsweredWithTheNearestOne() {
    assertThat(run("thorw")).isEqualTo(2);
    assertThat(err()).contains("unknown command: thorw").contains("Did you mean 'throw'?");
    err.reset();
    assertThat(run("throw", "--waht", "x")).isEqualTo(2);
    assertThat(err()).contains("unknown option: --waht").contains("Did you mean '--what'?");
  }

  @Test
  void withoutArgumentsTheCommandsAreListed() {
    assertThat(run()).isZero();
    assertThat(out()).contains("throw");
  }
}
