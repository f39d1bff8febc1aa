package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code dataset …}: conversation logs become versions of token shards. */
@Command(name = "dataset", description = "conversation logs become versioned datasets")
public final class Datasets implements Runnable {
  @Spec CommandSpec spec;

  /** The subcommands. */
  public static Object[] parts(Session session) {
    return new Object[] {
      new DatasetBuild(session),
      new Listed(session),
      new Show(session),
      new PreviewCommand(session),
      new Stats(session),
      new Diff(session),
      new Export(session)
    };
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which one: " + String.join(", ", spec.subcommands().keySet()) + "?");
  }

  /** {@code dataset list}. */
  @Command(name = "list", description = "the versions of this home")
  public static final class Listed extends HomeCommand {
    public Listed(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.get("datasets"), this::tell);
      return ExitStatus.DONE;
    }

    private void tell(JsonNode listing) {
      if (listing.path("items").isEmpty()) {
        terminal().out().println("No dataset yet: ./lathe dataset build LOG… --name N --base B");
        return;
      }
      var table = new Table("DATASET", "BASE", "KEPT", "TOKENS", "LABELLED", "CREATED");
      for (var d : listing.path("items")) {
        table.row(
            d.path("dataset").asString(""),
            d.path("base").asString(""),
            Text.count(d.path("kept")),
            Text.count(d.path("tokens")),
            Text.count(d.path("labelTokens")),
            Text.minute(d.path("createdAt")));
      }
      table.print(terminal().out());
    }
  }

  /** What is asked of one version. */
  abstract static class OfOneDataset extends HomeCommand {
    @Parameters(paramLabel = "DATASET", description = "NAME@N, or NAME for the newest")
    String ref;

    OfOneDataset(Session session) {
      super(session);
    }

    final String path() {
      return "datasets/" + Text.segment(ref);
    }
  }

  /** {@code dataset show D@V}. */
  @Command(name = "show", description = "what went into a version and what was dropped, and why")
  public static final class Show extends OfOneDataset {
    public Show(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.get(path()), d -> tellOne(d, terminal()));
      return ExitStatus.DONE;
    }
  }

  /** {@code dataset preview D@V}. */
  @Command(
      name = "preview",
      description = "tokens as the model sees them: learned ones in green, read ones in grey")
  public static final class PreviewCommand extends OfOneDataset {
    @Option(names = "-n", defaultValue = "3", paramLabel = "N", description = "how many (3)")
    int n;

    @Option(names = "--split", defaultValue = "train", description = "train, validation or test")
    String split;

    @Option(
        names = "--id",
        paramLabel = "ID",
        split = ",",
        description = "these conversations, as a run that diverged named them")
    List<String> ids;

    public PreviewCommand(Session session) {
      super(session);
      this.ids = List.of();
    }

    @Override
    protected int run(OwnerClient owner) {
      var named = ids.stream().map(i -> "&id=" + Text.segment(i)).collect(Collectors.joining());
      var query = "/preview?n=%d&split=%s".formatted(n, Text.segment(split)) + named;
      print(owner.get(path() + query), p -> new TokenColours(terminal()).print(p));
      return ExitStatus.DONE;
    }
  }

  /** {@code dataset stats D@V}. */
  @Command(name = "stats", description = "lengths, roles, feedback and how answers begin")
  public static final class Stats extends OfOneDataset {
    public Stats(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      print(owner.get(path() + "/stats"), s -> DatasetFigures.tell(s, terminal().out()));
      return ExitStatus.DONE;
    }
  }

  /** {@code dataset diff D@V D@W}. */
  @Command(name = "diff", description = "what one version has and another has not")
  public static final class Diff extends HomeCommand {
    @Parameters(index = "0", paramLabel = "BEFORE")
    String before;

    @Parameters(index = "1", paramLabel = "AFTER")
    String after;

    public Diff(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var path = "datasets/" + Text.segment(before) + "/diff?with=" + Text.segment(after);
      print(owner.get(path), this::tell);
      return ExitStatus.DONE;
    }

    private void tell(JsonNode diff) {
      var out = terminal().out();
      out.printf(
          Locale.ROOT,
          "%s -> %s: %,d the same, %,d added, %,d removed, %,d changed, %,d in another split%n",
          diff.path("before").asString(""),
          diff.path("after").asString(""),
          diff.path("same").asLong(),
          diff.path("added").size(),
          diff.path("removed").size(),
          diff.path("changed").size(),
          diff.path("moved").size());
      for (var part : List.of("counts", "recipe")) {
        for (var entry : diff.path(part).properties()) {
          out.printf(
              "  %-10s %s: %s -> %s%n",
              part,
              entry.getKey(),
              Text.plain(entry.getValue(), 0),
              Text.plain(entry.getValue(), 1));
        }
      }
    }
  }

  /** {@code dataset export D@V --format F --out FILE}. */
  @Command(name = "export", description = "write a version for other programs")
  public static final class Export extends OfOneDataset {
    @Option(
        names = "--format",
        required = true,
        description = "openai, or tokens: {\"input_ids\": […], \"labels\": […]} a line")
    String format;

    @Option(names = "--split", description = "train, validation or test (default: all)")
    @Nullable String split;

    @Option(names = "--out", required = true, paramLabel = "FILE")
    Path out;

    public Export(Session session) {
      super(session);
    }

    @Override
    protected int run(OwnerClient owner) {
      var wanted = new LinkedHashMap<String, @Nullable Object>();
      wanted.put("format", format);
      wanted.put("split", split);
      wanted.put("out", out.toAbsolutePath().toString());
      print(
          owner.post(path() + "/export", wanted, OwnerClient.Repeat.SAFE),
          e ->
              terminal()
                  .out()
                  .printf(
                      Locale.ROOT,
                      "%,d lines, %s: %s%n",
                      e.path("lines").asLong(),
                      Text.megabytes(e.path("bytes").asLong()),
                      e.path("out").asString("")));
      return ExitStatus.DONE;
    }
  }

  static void tellOne(JsonNode d, Terminal terminal) {
    var out = terminal.out();
    out.printf("%s for %s%n", d.path("dataset").asString(""), d.path("base").asString(""));
    out.printf(
        "  %s conversations read, %s kept, %s entries broken%n",
        Text.count(d.path("conversations")),
        Text.count(d.path("kept")),
        Text.count(d.path("broken")));
    tellCounts(out, "dropped", d.path("dropped"));
    tellCounts(out, "redacted", d.path("redactions"));
    tellTools(out, d.path("toolPolicy"));
    tellCounts(out, "changed", d.path("changes"));
    tellCounts(out, "cut", d.path("truncated"));
    tellPreferences(out, d);
    for (var source : d.path("sources")) {
      for (var broken : source.path("firstBroken")) {
        out.println("  broken: " + source.path("file").asString("") + " " + broken.asString(""));
      }
    }
    var table = new Table("  SPLIT", "CONVERSATIONS", "TOKENS", "LABELLED");
    for (var entry : d.path("splits").properties()) {
      table.row(
          "  " + entry.getKey(),
          Text.count(entry.getValue().path("conversations")),
          Text.count(entry.getValue().path("tokens")),
          Text.count(entry.getValue().path("labelTokens")));
    }
    table.print(out);
    if (d.path("splits").path("validation").path("conversations").asLong(0) == 0) {
      out.println(
          "  note: no conversation fell to validation, so runs on it are not validated; build it"
              + " with --set validation=0.2, say");
    }
    out.println("  id " + d.path("id").asString(""));
  }

  private static void tellPreferences(java.io.PrintStream out, JsonNode d) {
    var p = d.path("preferences");
    long downVoted = d.path("dropped").path("down-voted").asLong(0);
    if (p.path("liked").asLong(0) + p.path("disliked").asLong(0) > 0) {
      out.printf(
          Locale.ROOT,
          "  judged    %,d answers liked and %,d disliked, to %,d contexts; %,d pairs (train %,d,"
              + " validation %,d, test %,d)%n",
          p.path("liked").asLong(),
          p.path("disliked").asLong(),
          p.path("contexts").asLong(),
          p.path("pairs").asLong(),
          p.path("pairs.train").asLong(),
          p.path("pairs.validation").asLong(),
          p.path("pairs.test").asLong());
    } else if (downVoted > 0) {
      out.printf(
          Locale.ROOT,
          "  note: what was voted down can be learned from too: --set kind=preference, then train"
              + " with --set objective=dpo or kto%n");
    }
  }

  private static void tellTools(java.io.PrintStream out, JsonNode tools) {
    long calls = tools.path("calls").asLong(0);
    long results = tools.path("results").asLong(0);
    if (calls + results > 0) {
      out.printf(
          "  tools     %,d calls and %,d results; what the base's template cannot show is text:"
              + " %,d calls in <tool_call>, %,d results in <tool_response>%n",
          calls,
          results,
          tools.path("callsAsText").asLong(0),
          tools.path("resultsAsText").asLong(0));
    }
  }

  private static void tellCounts(java.io.PrintStream out, String what, JsonNode counts) {
    for (var entry : counts.properties()) {
      if (entry.getValue().asLong(0) > 0) {
        out.printf("  %-9s %s: %s%n", what, entry.getKey(), Text.count(entry.getValue()));
      }
    }
  }
}
