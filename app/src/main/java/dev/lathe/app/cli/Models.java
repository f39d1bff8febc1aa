package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import dev.lathe.checkpoints.input.BadInput;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The model versions of the home. */
@Command(
    name = "models",
    description = "model versions: list, show, promote, rollback, history, export, verify, protect")
public final class Models extends HomeCommand {
  public Models(Session session) {
    super(session);
  }

  /** The subcommands. */
  public static Object[] parts(Session session) {
    return new Object[] {
      new Listed(session),
      new Show(session),
      new ModelChanges.Promote(session),
      new ModelChanges.Rollback(session),
      new History(session),
      new Verify(session),
      new ModelExport(session),
      new ModelChanges.Protect(session),
      new ModelChanges.Tag(session),
      new ModelChanges.Register(session),
      new Audit(session)
    };
  }

  @Override
  protected int run(OwnerClient owner) {
    return list(owner, this);
  }

  private static int list(OwnerClient owner, LatheCommand command) {
    command.print(owner.get("models"), models -> tell(models, command.terminal()));
    return ExitStatus.DONE;
  }

  /** {@code models list [NAME]}. */
  @Command(name = "list", description = "all models, or the versions of one")
  public static final class Listed extends HomeCommand {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "a model's name")
    @Nullable String name;

    public Listed(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      if (name == null) {
        return list(owner, this);
      }
      print(
          owner.get("models/" + Text.segment(name) + "/versions"),
          versions -> tellVersions(versions, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code models show NAME@…}. */
  @Command(name = "show", description = "one version: where it comes from, metrics, files")
  public static final class Show extends HomeCommand {
    @Parameters(
        paramLabel = "NAME[@…]",
        description = "NAME@N, NAME@ALIAS, or NAME for its champion or only version")
    String ref;

    @Option(
        names = "--at",
        paramLabel = "TIME",
        description = "the version that the alias stood on then: 2026-11-21T15:30, with Z for UTC")
    @Nullable String at;

    public Show(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var path = "models/" + Text.segment(ref);
      if (at != null) {
        path += "?at=" + Text.segment(instant(at).toString());
      }
      print(owner.get(path), version -> tellOne(version, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** Tries the ways to write a time; one without an offset is this machine's. */
  static Instant instant(String text) {
    var spelled = text.strip().replace(' ', 'T');
    var zone = ZoneId.systemDefault();
    List<Function<String, Instant>> ways =
        List.of(
            t -> OffsetDateTime.parse(t).toInstant(),
            t -> LocalDateTime.parse(t).atZone(zone).toInstant(),
            t -> LocalDate.parse(t).atStartOfDay(zone).toInstant());
    for (var way : ways) {
      try {
        return way.apply(spelled);
      } catch (DateTimeParseException e) {
        continue;
      }
    }
    throw new BadInput(
        "not a time", text, "Write 2026-11-21, 2026-11-21T15:30, or 2026-11-21T15:30:00Z.");
  }

  /** {@code models history NAME}. */
  @Command(name = "history", description = "promotions and rollbacks, newest first")
  public static final class History extends HomeCommand {
    @Parameters(paramLabel = "NAME", description = "a model's name")
    String name;

    @Option(names = "--alias", paramLabel = "ALIAS", description = "of this alias only")
    @Nullable String alias;

    public History(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var path = "models/" + Text.segment(name) + "/history";
      if (alias != null) {
        path += "?alias=" + Text.segment(alias);
      }
      print(owner.get(path), history -> tellHistory(history, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code models verify REF}. */
  @Command(
      name = "verify",
      description = "hash every file of a version again",
      footer = {"", "Exit status: 0 when all are as registered, 1 when one differs."})
  public static final class Verify extends HomeCommand {
    @Parameters(paramLabel = "NAME@…")
    String ref;

    public Verify(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var found =
          owner.post("models/" + Text.segment(ref) + "/verify", Map.of(), OwnerClient.Repeat.SAFE);
      boolean intact = found.path("intact").asBoolean(false);
      var version = found.path("version").asString("");
      print(
          found,
          f -> {
            if (intact) {
              terminal().out().println(version + ": every file is as it was registered");
            }
          });
      if (!intact) {
        terminal().err().println("lathe: " + version + " is not as it was registered:");
        for (var d : found.path("differences")) {
          terminal().err().println("  " + Text.printable(difference(d)));
        }
        terminal().err().println("       Restore it from a backup: " + text(found, "folder"));
      }
      return intact ? ExitStatus.DONE : ExitStatus.FAILED;
    }

    private static String difference(JsonNode d) {
      var path = text(d, "path");
      if (!d.path("found").isString()) {
        return path + " is missing";
      }
      return d.path("expected").isString()
          ? path + " has changed: SHA-256 " + text(d, "found") + ", was " + text(d, "expected")
          : path + " was not there when it was registered";
    }
  }

  /** {@code models audit [NAME]}. */
  @Command(name = "audit", description = "who changed what, newest first")
  public static final class Audit extends HomeCommand {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "of this model only")
    @Nullable String name;

    public Audit(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var path = name == null ? "audit" : "audit?model=" + Text.segment(name);
      print(owner.get(path), log -> tellAudit(log, terminal()));
      return ExitStatus.DONE;
    }
  }

  private static void tell(JsonNode models, Terminal terminal) {
    if (models.path("items").isEmpty()) {
      terminal.out().println("No models yet; a completed './lathe train' becomes a version.");
      return;
    }
    var table = new Table("MODEL", "VERSIONS", "NEWEST", "REGISTERED", "ALIASES");
    for (var m : models.path("items")) {
      var guarded = m.path("guarded").valueStream().map(JsonNode::asString).toList();
      table.row(
          text(m, "name"),
          Text.count(m.path("versions")),
          text(m, "latest"),
          Text.minute(m.path("createdAt")),
          m.path("aliases").properties().stream()
              .map(
                  a ->
                      a.getKey()
                          + " = "
                          + a.getValue().asString("")
                          + (guarded.contains(a.getKey()) ? " (protected)" : ""))
              .collect(Collectors.joining(", ")));
    }
    table.print(terminal.out());
  }

  private static void tellVersions(JsonNode versions, Terminal terminal) {
    var table = new Table("VERSION", "RUN", "DATASET", "BASE", "VALIDATION", "ALIASES");
    for (var v : versions.path("items")) {
      table.row(
          text(v, "version"),
          text(v, "run"),
          text(v, "dataset"),
          text(v, "base"),
          figure(v.path("metrics").path("evalLoss")),
          names(v.path("aliases")));
    }
    table.print(terminal.out());
  }

  private static void tellOne(JsonNode v, Terminal terminal) {
    var out = terminal.out();
    var aliases = names(v.path("aliases"));
    out.println(
        terminal.styled("1", text(v, "version")) + (aliases.isEmpty() ? "" : "  " + aliases));
    out.println("  from        run " + text(v, "run") + ", " + Text.minute(v.path("createdAt")));
    out.println("  base        " + text(v, "base") + "  " + text(v, "baseSha256"));
    for (var dataset : v.path("datasets")) {
      var weight = dataset.path("weight").isNumber() ? ", weight " + dataset.path("weight") : "";
      out.println(
          "  dataset     " + text(dataset, "dataset") + weight + "  " + text(dataset, "id"));
    }
    for (var source : v.path("sources")) {
      out.println(
          "  log         " + Text.printable(text(source, "path")) + "  " + text(source, "sha256"));
    }
    var metrics = v.path("metrics");
    out.println(
        "  validation  "
            + figure(metrics.path("evalLossBefore"))
            + " before, "
            + figure(metrics.path("evalLoss"))
            + " after");
    for (var tag : v.path("tags").properties()) {
      out.println("  tag         " + tag.getKey() + ": " + tag.getValue().asString(""));
    }
    out.println("  files       " + text(v, "folder"));
    for (var file : v.path("files")) {
      out.println(
          "    "
              + text(file, "path")
              + "  "
              + Text.count(file.path("bytes"))
              + " bytes  "
              + text(file, "sha256"));
    }
    if (v.path("promotion").isObject()) {
      ModelChanges.tellPromotion(v.path("promotion"), terminal);
    }
  }

  private static void tellHistory(JsonNode history, Terminal terminal) {
    if (history.path("items").isEmpty()) {
      terminal.out().println("Nothing was promoted yet; './lathe models promote' does.");
      return;
    }
    for (var promotion : history.path("items")) {
      ModelChanges.tellPromotion(promotion, terminal);
    }
  }

  private static void tellAudit(JsonNode log, Terminal terminal) {
    var table = new Table("AT", "BY", "DID", "TO", "DETAILS");
    for (var e : log.path("items")) {
      table.row(
          Text.minute(e.path("at")),
          Text.printable(text(e, "by")),
          text(e, "action"),
          text(e, "subject"),
          Text.printable(
              e.path("details").properties().stream()
                  .map(d -> d.getKey() + ": " + d.getValue().asString(d.getValue().toString()))
                  .collect(Collectors.joining(", "))));
    }
    table.print(terminal.out());
  }

  private static String names(JsonNode array) {
    return array.valueStream().map(JsonNode::asString).collect(Collectors.joining(", "));
  }

  private static String figure(JsonNode number) {
    return number.isNumber() ? String.format(Locale.ROOT, "%.4f", number.asDouble()) : "-";
  }

  private static String text(JsonNode object, String key) {
    return object.path(key).asString("");
  }
}
