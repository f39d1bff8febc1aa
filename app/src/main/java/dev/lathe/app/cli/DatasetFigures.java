package dev.lathe.app.cli;

import java.io.PrintStream;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** Tells the statistics of a dataset version in tables. */
final class DatasetFigures {
  private DatasetFigures() {}

  static void tell(JsonNode stats, PrintStream out) {
    out.println(stats.path("dataset").asString(""));
    out.println();
    lengths(stats.path("lengths")).print(out);
    out.println();
    slices("SPLIT", stats.path("splits")).print(out);
    out.println();
    slices("SOURCE", stats.path("sources")).print(out);
    out.println();
    roles(stats.path("roles")).print(out);
    out.println();
    for (var said : stats.path("feedback").properties()) {
      out.println("feedback " + said.getKey() + ": " + Text.count(said.getValue()));
    }
    out.println("assistant turns of weight 0: " + Text.count(stats.path("notLearned")));
    var openings = new Table("ANSWERS BEGIN WITH", "ANSWERS");
    for (var opening : stats.path("openings")) {
      openings.row(opening.path("words").asString(""), Text.count(opening.path("answers")));
    }
    out.println();
    openings.print(out);
  }

  private static Table lengths(JsonNode lengths) {
    var table = new Table("PER CONVERSATION", "MEAN", "MIN", "P5", "MEDIAN", "P95", "P99", "MAX");
    for (var entry : lengths.properties()) {
      var d = entry.getValue();
      table.row(
          entry.getKey(),
          figure(d.path("mean")),
          figure(d.path("min")),
          figure(d.path("p5")),
          figure(d.path("median")),
          figure(d.path("p95")),
          figure(d.path("p99")),
          figure(d.path("max")));
    }
    return table;
  }

  private static Table slices(String what, JsonNode slices) {
    var table = new Table(what, "CONVERSATIONS", "TOKENS", "LABELLED", "SHARE", "MEAN TOKENS");
    for (var s : slices) {
      table.row(
          s.path("name").asString(""),
          Text.count(s.path("conversations")),
          Text.count(s.path("tokens")),
          Text.count(s.path("labelTokens")),
          String.format(Locale.ROOT, "%.1f%%", 100 * s.path("labelShare").asDouble(0)),
          figure(s.path("meanTokens")));
    }
    return table;
  }

  private static Table roles(JsonNode roles) {
    var table = new Table("ROLE", "TURNS", "CHARACTERS", "MEAN CHARACTERS");
    for (var entry : roles.properties()) {
      table.row(
          entry.getKey(),
          Text.count(entry.getValue().path("turns")),
          Text.count(entry.getValue().path("characters")),
          figure(entry.getValue().path("meanCharacters")));
    }
    return table;
  }

  private static String figure(JsonNode number) {
    double value = number.asDouble(0);
    return String.format(Locale.ROOT, Math.abs(value) < 100 ? "%,.1f" : "%,.0f", value);
  }
}
