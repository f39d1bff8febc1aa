package dev.lathe.app.cli;

import dev.lathe.app.owner.OwnerClient;
import java.math.RoundingMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Tells what was asked, answered and paid. */
@Command(
    name = "usage",
    description = "requests, tokens and cost, by day, model, target, key or provider")
public final class UsageCommand extends HomeCommand {
  @Option(
      names = "--by",
      paramLabel = "WHAT",
      description = "day, model, target, key or provider (default: ${DEFAULT-VALUE})",
      defaultValue = "day")
  String by;

  @Option(
      names = "--from",
      paramLabel = "DAY",
      description = "the first one, as 2026-11-01 (default: 30 days)")
  @Nullable String from;

  @Option(names = "--to", paramLabel = "DAY", description = "the last one (default: today, in UTC)")
  @Nullable String to;

  public UsageCommand(Session session) {
    super(session);
    this.by = "day";
  }

  @Override
  protected int run(OwnerClient owner) {
    print(owner.get("usage?by=" + encoded(by) + part("from", from) + part("to", to)), this::tell);
    return ExitStatus.DONE;
  }

  private static String part(String name, @Nullable String value) {
    return value == null ? "" : "&" + name + "=" + encoded(value);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private void tell(JsonNode usage) {
    var out = terminal().out();
    if (usage.path("items").isEmpty()) {
      out.println("Nothing was asked from " + span(usage) + ".");
      return;
    }
    boolean saves = !usage.path("savingsAgainst").isNull();
    var headers =
        new String[] {
          by.toUpperCase(Locale.ROOT),
          "REQUESTS",
          "ERRORS",
          "INPUT",
          "CACHED",
          "OUTPUT",
          "USD",
          "UNPRICED",
          "SAVED USD"
        };
    var table = new Table(saves ? headers : Arrays.copyOf(headers, headers.length - 1));
    usage.path("items").forEach(line -> row(table, line, saves));
    row(table, usage.path("total"), saves);
    table.print(out);
    out.println();
    out.println(
        "  "
            + span(usage)
            + (saves
                ? "; saved against " + Text.printable(usage.path("savingsAgainst").asString(""))
                : ""));
    if (usage.path("total").path("unpriced").asLong(0) > 0) {
      out.println(
          "  UNPRICED answers cost something nobody knows: add them to 'prices' in lathe.yaml.");
    }
  }

  private static void row(Table table, JsonNode line, boolean saves) {
    var cells = new ArrayList<Object>();
    cells.add(
        line.path("name").isNull() ? "(none)" : Text.printable(line.path("name").asString("")));
    for (var key :
        new String[] {"requests", "errors", "promptTokens", "cachedTokens", "completionTokens"}) {
      cells.add(Text.count(line.path(key)));
    }
    cells.add(usd(line.path("cost")));
    cells.add(Text.count(line.path("unpriced")));
    if (saves) {
      cells.add(usd(line.path("saving")));
    }
    table.row(cells.toArray());
  }

  private static String usd(JsonNode amount) {
    return amount.isNumber()
        ? amount.decimalValue().setScale(4, RoundingMode.HALF_UP).toPlainString()
        : "-";
  }

  private static String span(JsonNode usage) {
    return usage.path("from").asString("") + " to " + usage.path("to").asString("");
  }
}
