package dev.lathe.app.cli;

import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** Tells experiments in tables. */
final class ExperimentFigures {
  private ExperimentFigures() {}

  static void tellAll(JsonNode all, Terminal terminal) {
    if (all.path("items").isEmpty()) {
      terminal.out().println("No experiment yet: ./lathe experiment start ID --arm A --arm B");
      return;
    }
    var table = new Table("EXPERIMENT", "STATE", "PHASE", "SINCE", "ARMS");
    for (var e : all.path("items")) {
      table.row(
          e.path("id").asString(""),
          e.path("state").asString(""),
          e.path("phase").toString(),
          Text.minute(e.path("startedAt")),
          e.path("arms")
              .valueStream()
              .map(a -> Text.printable(a.path("target").asString("")) + "=" + weight(a))
              .collect(Collectors.joining(" ")));
    }
    table.print(terminal.out());
  }

  static void tell(JsonNode e, Terminal terminal) {
    var out = terminal.out();
    boolean running = e.path("state").asString("").equals("running");
    int phases = e.path("phases").asInt(1);
    out.println(
        e.path("id").asString("")
            + "  "
            + terminal.styled(running ? "36" : "33", e.path("state").asString(""))
            + (phases > 1 ? "  phase " + e.path("phase") + " of " + phases : "")
            + "  since "
            + Text.minute(e.path("phaseStartedAt"))
            + (running ? "" : ", ended " + Text.minute(e.path("endedAt"))));
    out.println();
    arms(e).print(out);
    out.println();
    for (var d : e.path("differences")) {
      out.println("  difference    " + difference(d, e));
    }
    out.println("  sample ratio  " + ratio(e.path("sampleRatio")));
    var verdict = Text.printable(e.path("verdict").asString(""));
    out.println("  verdict       " + terminal.styled(colour(e), verdict));
    out.println();
    out.println(
        running
            ? "  Clients ask for the model '"
                + e.path("id").asString("")
                + "'; the figures hold however often you look."
            : "  The name is answered by "
                + Text.printable(e.path("arms").path(0).path("target").asString(""))
                + " now.");
  }

  private static Table arms(JsonNode e) {
    var table =
        new Table(
            "ARM",
            "WEIGHT",
            "SUBJECTS",
            "EXPOSURES",
            "FEEDBACK",
            "MEAN",
            "P50 MS",
            "P95 MS",
            "ERRORS",
            "COST");
    for (var a : e.path("arms")) {
      table.row(
          Text.printable(a.path("target").asString("")),
          weight(a),
          Text.count(a.path("subjects")),
          Text.count(a.path("exposures")),
          Text.count(a.path("feedback")),
          figure("%.3f", a.path("mean")),
          figure("%.1f", a.path("latencyMs").path("p50")),
          figure("%.1f", a.path("latencyMs").path("p95")),
          Text.count(a.path("errors")),
          figure("%.4f", a.path("cost")));
    }
    return table;
  }

  private static String difference(JsonNode d, JsonNode e) {
    var first = e.path("arms").path(0).path("target").asString("");
    return String.format(
        Locale.ROOT,
        "%s - %s = %s, between %+.3f and %+.3f (%.0f %%), p = %s",
        Text.printable(d.path("target").asString("")),
        Text.printable(first),
        figure("%+.3f", d.path("mean")),
        d.path("low").asDouble(),
        d.path("high").asDouble(),
        100 * e.path("level").asDouble(0.95),
        p(d.path("pValue")));
  }

  private static String ratio(JsonNode ratio) {
    return (ratio.path("mismatch").asBoolean(false)
            ? "not as the weights say"
            : "as the weights say")
        + ", p = "
        + p(ratio.path("pValue"));
  }

  private static String colour(JsonNode e) {
    if (e.path("sampleRatio").path("mismatch").asBoolean(false)) {
      return "31";
    }
    var d = e.path("difference");
    return d.path("low").asDouble(0) > 0 || d.path("high").asDouble(0) < 0 ? "32" : "33";
  }

  private static String weight(JsonNode arm) {
    double weight = arm.path("weight").asDouble(0);
    return weight == Math.rint(weight) ? Long.toString((long) weight) : Double.toString(weight);
  }

  private static String p(JsonNode p) {
    double value = p.asDouble(1);
    return String.format(Locale.ROOT, value < 0.0001 ? "%.0e" : "%.4f", value);
  }

  private static String figure(String form, JsonNode number) {
    return number.isNumber() ? String.format(Locale.ROOT, form, number.asDouble()) : "-";
  }
}
