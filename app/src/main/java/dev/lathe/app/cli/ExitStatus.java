package dev.lathe.app.cli;

import dev.lathe.app.owner.ApiError;
import dev.lathe.app.owner.OwnerLost;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The one place that turns exceptions into exit statuses: 2 for bad input, 1 for anything else. The
 * message says what was wrong, the value, and the remedy, on stderr; with {@code --json} stdout
 * tells it too.
 */
final class ExitStatus implements IExecutionExceptionHandler, IParameterExceptionHandler {
  static final int DONE = 0;
  static final int FAILED = 1;
  static final int BAD_INPUT = 2;

  /** In HTTP; a disk is for the user to clear, as bad input is to mend. */
  private static final int FULL_DISK = 507;

  /** Rightly asked, and the state of things is against it: a gate refused, somebody was faster. */
  private static final int CONFLICT = 409;

  private final Session session;

  ExitStatus(Session session) {
    this.session = session;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
    boolean json = command.getCommand() instanceof LatheCommand c && c.json();
    return switch (e) {
      case BadInput b -> tell(json, BAD_INPUT, b.what(), b.value(), b.remedy());
      case ApiError a ->
          tell(
              json,
              mendable(a.status()) ? BAD_INPUT : FAILED,
              a.what(),
              a.value(),
              a.status() == 500 ? a.remedy() + " (" + session.home().log() + ")" : a.remedy());
      case OwnerLost l ->
          tell(
              json,
              FAILED,
              String.valueOf(l.getMessage()),
              null,
              "See whether the work was done ('./lathe runs list'), then run the command again.");
      case ParameterException p -> handleParseException(p, new String[0]);
      default ->
          tell(
              json,
              FAILED,
              "something broke that should not",
              e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage()),
              "The log tells more: " + session.home().log());
    };
  }

  /** Whether the user can mend it by asking otherwise, or by making room. */
  private static boolean mendable(int status) {
    return status < 500 && status != CONFLICT || status == FULL_DISK;
  }

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    var command = e.getCommandLine();
    boolean json = List.of(arguments).contains("--json");
    var path = path(command);
    var help = "See './lathe " + (path.isEmpty() ? "help" : path + " --help") + "'.";
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      var given = unmatched.getUnmatched().getFirst();
      boolean option = given.startsWith("-");
      boolean subcommand = !option && !command.getSubcommands().isEmpty();
      var known = option ? options(command) : List.copyOf(command.getSubcommands().keySet());
      var near = option || subcommand ? DidYouMean.nearest(given.split("=", 2)[0], known) : null;
      var remedy =
          near == null ? help : near.map(n -> "Did you mean '" + n + "'? ").orElse("") + help;
      var what =
          option ? "unknown option" : subcommand ? "unknown command" : "one argument too many";
      return tell(json, BAD_INPUT, what, given, remedy);
    }
    return tell(json, BAD_INPUT, lowerFirst(String.valueOf(e.getMessage())), null, help);
  }

  private int tell(boolean json, int status, String what, @Nullable String value, String remedy) {
    var terminal = session.terminal();
    terminal.err().println("lathe: " + what + (value == null ? "" : ": " + value));
    if (!remedy.isBlank()) {
      terminal.err().println("       " + remedy.strip());
    }
    if (json) {
      var error = new LinkedHashMap<String, @Nullable Object>();
      error.put("what", what);
      error.put("value", value);
      error.put("remedy", remedy);
      terminal.out().println(JsonMapper.shared().writeValueAsString(Map.of("error", error)));
    }
    return status;
  }

  private static List<String> options(CommandLine command) {
    var names = new ArrayList<String>();
    command.getCommandSpec().options().forEach(o -> names.addAll(List.of(o.names())));
    return names;
  }

  private static String path(CommandLine command) {
    var name = command.getCommandSpec().qualifiedName(" ");
    return name.startsWith("lathe") ? name.substring("lathe".length()).strip() : name;
  }

  private static String lowerFirst(String text) {
    return text.isEmpty() ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
  }
}
