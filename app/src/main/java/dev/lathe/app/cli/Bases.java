package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The bases of the home and those that could be pulled by name. */
@Command(name = "bases", description = "base models: what is here, and what can be pulled by name")
public class Bases extends HomeCommand {
  public Bases(Session session) {
    super(session);
  }

  /** The subcommands. */
  public static Object[] parts(Session session) {
    return new Object[] {
      new Listed(session),
      new Show(session),
      new Verify(session),
      new BasesExtend(session),
      new Remove(session)
    };
  }

  @Override
  protected int run(OwnerClient owner) {
    print(owner.get("bases"), bases -> tell(bases, terminal()));
    return ExitStatus.DONE;
  }

  private static void tell(JsonNode bases, Terminal terminal) {
    var table = new Table("NAME", "PARAMETERS", "LICENCE", "HERE", "SOURCE");
    for (var base : bases.path("items")) {
      long parameters = base.path("parameters").asLong(0);
      table.row(
          base.path("name").asString(""),
          parameters == 0 ? "-" : String.format(Locale.ROOT, "%,d", parameters),
          base.path("licence").asString("-"),
          base.path("here").asBoolean(false) ? "yes" : "no",
          base.path("source").asString("-"));
    }
    table.print(terminal.out());
    for (var damaged : bases.path("damaged")) {
      terminal.err().println(damaged.asString(""));
    }
  }

  /** {@code bases list}. */
  @Command(name = "list", description = "the same")
  public static final class Listed extends Bases {
    public Listed(Session session) {
      super(session);
    }
  }

  /** What is asked of one base. */
  abstract static class OfOneBase extends HomeCommand {
    @Parameters(paramLabel = "NAME")
    String name;

    OfOneBase(Session session) {
      super(session);
    }

    final String path() {
      return "bases/" + Text.segment(name);
    }
  }

  /** {@code bases show NAME}. */
  @Command(name = "show", description = "where a base came from, its sizes and its hashes")
  public static final class Show extends OfOneBase {
    public Show(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.get(path()), base -> tellOne(base, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code bases verify NAME}. */
  @Command(name = "verify", description = "hash every file of a base again")
  public static final class Verify extends OfOneBase {
    public Verify(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(
          owner.post(path() + "/verify", java.util.Map.of(), OwnerClient.Repeat.SAFE),
          base -> terminal().out().println(name + ": every file is as it was pulled"));
      return ExitStatus.DONE;
    }
  }

  /** {@code bases remove NAME}. */
  @Command(name = "remove", description = "delete a base")
  public static final class Remove extends OfOneBase {
    public Remove(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.delete(path()), done -> terminal().out().println("removed " + name));
      return ExitStatus.DONE;
    }
  }

  static void tellOne(JsonNode base, Terminal terminal) {
    var out = terminal.out();
    var config = base.path("config");
    out.println(base.path("name").asString("") + "  (" + base.path("source").asString("") + ")");
    out.printf(
        Locale.ROOT,
        "  %s, %d layers, hidden %,d, vocabulary %,d, context %,d%n",
        config.path("architecture").asString(""),
        config.path("layers").asInt(),
        config.path("hiddenSize").asInt(),
        config.path("vocabSize").asInt(),
        config.path("maxPositions").asInt());
    out.println("  weights " + base.path("weightsSha256").asString(""));
    out.println("  folder  " + base.path("folder").asString(""));
    var extension = base.path("extension");
    if (extension.isObject()) {
      int first = extension.path("firstId").asInt();
      int last = first + extension.path("tokens").size() - 1;
      out.println("  added   ids " + first + (last > first ? " to " + last : ""));
    }
  }
}
