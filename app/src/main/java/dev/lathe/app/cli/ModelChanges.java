package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The subcommands of {@code models} that change something; each says who does it, and why. */
final class ModelChanges {
  private ModelChanges() {}

  /** What every change takes. */
  abstract static class Change extends HomeCommand {
    @Option(names = "--reason", paramLabel = "TEXT", description = "why; the history keeps it")
    @Nullable String reason;

    @Option(names = "--by", paramLabel = "NAME", description = "who (default: the user)")
    @Nullable String by;

    Change(Session session) {
      super(session);
    }

    /** The request's body, to be completed. */
    Map<String, Object> body() {
      var body = new LinkedHashMap<String, Object>();
      body.put("by", by == null ? System.getProperty("user.name", "unknown") : by);
      if (reason != null) {
        body.put("reason", reason);
      }
      return body;
    }
  }

  /** What moves an alias. */
  abstract static class Move extends Change {
    @Option(
        names = "--alias",
        paramLabel = "ALIAS",
        defaultValue = "champion",
        description = "which alias (default: ${DEFAULT-VALUE})")
    String alias;

    @Option(
        names = "--expected",
        paramLabel = "NAME@N",
        description = "only if the alias stands on this version; 'none': on no version")
    @Nullable String expected;

    Move(Session session) {
      super(session);
    }

    @Override
    Map<String, Object> body() {
      var body = super.body();
      body.put("alias", alias);
      if (expected != null) {
        body.put("expected", expected);
      }
      return body;
    }
  }

  /** {@code models promote REF --alias A}. */
  @Command(
      name = "promote",
      description = "put an alias on a version, if it passes the gates",
      footer = {"", "Exit status: 0 promoted, 1 refused by a gate, 2 bad input."})
  public static final class Promote extends Move {
    @Parameters(paramLabel = "NAME@…", description = "the version, such as support@3")
    String ref;

    @Option(names = "--force", description = "promote although a gate refuses; needs --reason")
    boolean force;

    @Option(
        names = "--gate",
        paramLabel = "SUITE>=SHARE",
        description = "one more gate, such as 'suite:safety>=0.9'; see docs/evaluation.md")
    List<String> gates = List.of();

    @Option(
        names = "--judge",
        paramLabel = "TARGET",
        description = "who grades the answers of such gates (default: their rules)")
    @Nullable String judge;

    public Promote(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var body = body();
      body.put("version", ref);
      body.put("force", force);
      body.put("gates", gates);
      if (judge != null) {
        body.put("judge", judge);
      }
      JsonNode result;
      var asked = Instant.now().truncatedTo(ChronoUnit.SECONDS);
      try (var progress = new Progress(terminal())) {
        result = owner.work("models/promote", body, p -> tell(p, progress));
      }
      print(result, p -> told(p, asked));
      return ExitStatus.DONE;
    }

    /** What stood there already was promoted before this was asked. */
    private void told(JsonNode p, Instant asked) {
      if (Instant.parse(p.path("at").asString()).isBefore(asked)) {
        terminal()
            .out()
            .println(p.path("version").asString("") + " is " + alias + " already, since:");
      }
      tellPromotion(p, terminal());
    }

    static void tell(JsonNode told, Progress progress) {
      if (told.has("gate")) {
        progress.note(gate(told.path("gate")));
      } else {
        progress.update(told.path("stage").asString(""), 0, 0, "");
      }
    }
  }

  /** {@code models rollback NAME --alias A}. */
  @Command(name = "rollback", description = "put an alias back where it stood before")
  public static final class Rollback extends Move {
    @Parameters(paramLabel = "NAME", description = "a model's name")
    String name;

    public Rollback(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var body = body();
      body.put("name", name);
      print(
          owner.post("models/rollback", body, OwnerClient.Repeat.NEVER),
          p -> tellPromotion(p, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code models protect NAME ALIAS}. */
  @Command(
      name = "protect",
      description = "an alias takes only versions that passed every gate; force opens nothing")
  public static final class Protect extends Change {
    @Parameters(index = "0", paramLabel = "NAME", description = "a model's name")
    String name;

    @Parameters(index = "1", paramLabel = "ALIAS", description = "such as champion")
    String alias;

    @Option(names = "--off", description = "take the protection away")
    boolean off;

    public Protect(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var body = body();
      body.put("name", name);
      body.put("alias", alias);
      body.put("on", !off);
      print(
          owner.post("models/protect", body, OwnerClient.Repeat.SAFE),
          g ->
              terminal()
                  .out()
                  .println(name + "@" + alias + (off ? " is open again" : " is protected")));
      return ExitStatus.DONE;
    }
  }

  /** {@code models tag REF TAG TEXT}. */
  @Command(name = "tag", description = "note something of a version; without TEXT, take it away")
  public static final class Tag extends Change {
    @Parameters(index = "0", paramLabel = "NAME@…")
    String ref;

    @Parameters(index = "1", paramLabel = "TAG", description = "such as owner")
    String tag;

    @Parameters(index = "2", paramLabel = "TEXT", arity = "0..1")
    @Nullable String content;

    public Tag(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var body = body();
      body.put("tag", tag);
      if (content != null) {
        body.put("content", content);
      }
      print(
          owner.post("models/" + Text.segment(ref) + "/tag", body, OwnerClient.Repeat.SAFE),
          t -> {
            for (var entry : t.path("tags").properties()) {
              terminal().out().println(entry.getKey() + ": " + entry.getValue().asString(""));
            }
          });
      return ExitStatus.DONE;
    }
  }

  /** {@code models register RUN}. */
  @Command(
      name = "register",
      description = "make a version of a completed run that has none yet (normally it has)")
  public static final class Register extends HomeCommand {
    @Parameters(paramLabel = "RUN", description = "its id, or a piece that no other run has")
    String run;

    public Register(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(
          owner.post("models/register", Map.of("run", run), OwnerClient.Repeat.SAFE),
          r ->
              terminal()
                  .out()
                  .println(r.path("run").asString("") + " is " + r.path("version").asString("")));
      return ExitStatus.DONE;
    }
  }

  static void tellPromotion(JsonNode p, Terminal terminal) {
    var out = terminal.out();
    var previous = p.path("previous");
    var version = p.path("version").asString("");
    out.println(
        Text.minute(p.path("at"))
            + "  "
            + p.path("alias").asString("")
            + ": "
            + (previous.isString() ? previous.asString() : "nothing")
            + " -> "
            + terminal.styled("1", version)
            + (p.path("kind").asString("").equals("rollback") ? "  (rollback)" : "")
            + (p.path("forced").asBoolean(false) ? "  (forced)" : "")
            + "  by "
            + Text.printable(p.path("by").asString(""))
            + ": "
            + Text.printable(p.path("reason").asString("")));
    for (var gate : p.path("gates")) {
      out.println("  " + gate(gate));
    }
  }

  private static String gate(JsonNode gate) {
    return (gate.path("passed").asBoolean(false) ? "passed  " : "FAILED  ")
        + gate.path("name").asString("")
        + ": expected "
        + Text.printable(gate.path("expected").asString(""))
        + ", found "
        + Text.printable(gate.path("found").asString(""));
  }
}
