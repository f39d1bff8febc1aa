package dev.lathe.app.cli;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** Sweeps as people read them. */
final class SweepFigures {
  private static final MathContext DIGITS = new MathContext(4);

  private SweepFigures() {}

  static void tellAll(JsonNode sweeps, Terminal terminal) {
    if (sweeps.path("items").isEmpty()) {
      terminal.out().println("No sweeps yet; './lathe sweep' starts one.");
      return;
    }
    var table =
        new Table(
            "SWEEP", "STATE", "MODEL", "BASE", "DATASET", "KEYS", "TRIALS", "BEST", "VERSION");
    for (var sweep : sweeps.path("items")) {
      var best = best(sweep);
      table.row(
          sweep.path("id").asString(""),
          sweep.path("state").asString(""),
          sweep.path("model").asString(""),
          sweep.path("base").asString(""),
          sweep.path("dataset").asString(""),
          sweep.path("keys").valueStream().map(JsonNode::asString).collect(Collectors.joining(",")),
          completed(sweep) + "/" + sweep.path("trials").size(),
          best.isMissingNode() ? "-" : values(best) + " " + metric(sweep, best),
          plain(sweep.path("version")));
    }
    table.print(terminal.out());
  }

  static void tell(JsonNode sweep, Terminal terminal) {
    var out = terminal.out();
    out.println(
        sweep.path("id").asString("")
            + "  "
            + sweep.path("state").asString("")
            + "  "
            + sweep.path("model").asString("")
            + " = "
            + sweep.path("base").asString("")
            + " + "
            + sweep.path("dataset").asString(""));
    var keys = sweep.path("keys").valueStream().map(JsonNode::asString).toList();
    var headers = new ArrayList<String>(List.of("", "TRIAL"));
    headers.addAll(keys);
    headers.addAll(
        List.of("STATE", "STEP", "LOSS", "BEFORE", "VALIDATION", "ACCURACY", "TOKENS/S", "MIB"));
    var table = new Table(headers.toArray(String[]::new));
    for (var trial : sweep.path("trials")) {
      var row = new ArrayList<Object>();
      row.add(trial.path("best").asBoolean(false) ? "*" : "");
      row.add(trial.path("number").asInt());
      keys.forEach(key -> row.add(plain(trial.path("values").path(key))));
      row.add(trial.path("state").asString(""));
      row.add(Text.count(trial.path("step")) + "/" + Text.count(trial.path("steps")));
      row.add(loss(trial.path("loss")));
      row.add(loss(trial.path("evalLossBefore")));
      row.add(loss(trial.path("evalLoss")));
      row.add(percent(trial.path("tokenAccuracy")));
      row.add(Text.count(trial.path("tokensPerSecond")));
      row.add(Text.count(trial.path("peakRssMiB")));
      table.row(row.toArray());
    }
    table.print(out);
    for (var trial : sweep.path("trials")) {
      if (trial.path("error").isString()) {
        out.println(
            "  trial "
                + trial.path("number").asInt()
                + ": "
                + Text.printable(trial.path("error").asString("")));
      }
    }
    tellBest(sweep, terminal);
  }

  private static void tellBest(JsonNode sweep, Terminal terminal) {
    var best = best(sweep);
    if (!best.isMissingNode()) {
      var version = sweep.path("version");
      terminal
          .out()
          .println(
              "best by "
                  + sweep.path("metric").asString("")
                  + ": trial "
                  + best.path("number").asInt()
                  + ", "
                  + values(best)
                  + ", run "
                  + best.path("run").asString("")
                  + (version.isString() ? ", registered as " + version.asString() : ""));
    }
    var state = sweep.path("state").asString("");
    if (state.equals("stopped") || state.equals("failed")) {
      var id = sweep.path("id").asString("");
      terminal.out().println("'./lathe sweep resume " + id + "' goes on with what is left of it.");
    }
  }

  /** 0 for one that completed with a best trial or ended as asked, 1 for any other. */
  static int exitStatus(JsonNode sweep, Terminal terminal) {
    var state = sweep.path("state").asString("");
    if (state.equals("failed")) {
      terminal.err().println("lathe: a trial died; './lathe sweep resume' goes on with it.");
      return ExitStatus.FAILED;
    }
    if (state.equals("completed") && completed(sweep) == 0) {
      terminal.err().println("lathe: no trial of the sweep completed.");
      return ExitStatus.FAILED;
    }
    return ExitStatus.DONE;
  }

  /** {@code rank=8 learningRate=0.0001}. */
  static String values(JsonNode trial) {
    return trial.path("values").properties().stream()
        .map(e -> e.getKey() + "=" + plain(e.getValue()))
        .collect(Collectors.joining(" "));
  }

  static String loss(JsonNode value) {
    return value.isNumber() ? String.format(Locale.ROOT, "%.4f", value.asDouble()) : plain(value);
  }

  private static JsonNode best(JsonNode sweep) {
    return sweep.path("trials").path(sweep.path("best").asInt(0) - 1);
  }

  private static long completed(JsonNode sweep) {
    return sweep
        .path("trials")
        .valueStream()
        .filter(t -> t.path("state").asString("").equals("completed"))
        .count();
  }

  private static String metric(JsonNode sweep, JsonNode best) {
    var metric = sweep.path("metric").asString("");
    return metric.equals("tokenAccuracy") ? percent(best.path(metric)) : loss(best.path(metric));
  }

  private static String percent(JsonNode share) {
    return share.isNumber() ? String.format(Locale.ROOT, "%.2f%%", 100 * share.asDouble()) : "-";
  }

  private static String plain(JsonNode value) {
    if (value.isFloatingPointNumber()) {
      return new BigDecimal(value.asDouble(), DIGITS).stripTrailingZeros().toPlainString();
    }
    return value.isNull() || value.isMissingNode()
        ? "-"
        : value.isString() ? value.asString() : value.toString();
  }
}
