package dev.lathe.app.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Tells how right a model's own answers are. */
final class AnswerTables {
  /** Wrong answers that are shown; {@code --json} has all. */
  private static final int MISSES = 3;

  private static final Map<String, String> PASSED_OVER =
      Map.of(
          "tooLong", "too long for the model",
          "withoutAnswer", "without an answer to learn",
          "withoutCall", "without a call",
          "disliked", "disliked",
          "refusedByTemplate", "refused by the chat template");

  /**
   * A share that is told.
   *
   * @param column its header in the tables by slice
   */
  private record Row(String words, String column, String part, String key) {
    JsonNode of(JsonNode figures) {
      return part.isEmpty() ? figures.path(key) : figures.path(part).path(key);
    }
  }

  private static final List<Row> ROWS =
      List.of(
          new Row("exact match", "EXACT", "", "exactMatch"),
          new Row("  to the letter", "LETTER", "", "verbatim"),
          new Row("JSON that parses", "PARSES", "json", "parses"),
          new Row("  and says the same", "SAME", "json", "same"),
          new Row("  and is as the schema wants", "SCHEMA", "json", "valid"),
          new Row("the same functions called", "FUNCTIONS", "toolCalls", "name"),
          new Row("  with the same arguments", "ARGUMENTS", "toolCalls", "arguments"),
          new Row("  both", "BOTH", "toolCalls", "both"),
          new Row("calls where none was", "FALSE CALLS", "toolCalls", "falseCalls"));

  private AnswerTables() {}

  static void tell(JsonNode answers, boolean slices, Terminal terminal) {
    var out = terminal.out();
    var figures = answers.path("figures");
    out.printf(
        Locale.ROOT,
        "ANSWERS to %s of %s conversations, of at most %s tokens; %s cut off%n",
        switch (answers.path("turn").asString("")) {
          case "call" -> "the last call";
          case "any" -> "a turn";
          default -> "the last turn";
        },
        Text.count(figures.path("answers")),
        Text.count(answers.path("maxTokens")),
        Text.count(answers.path("cut")));
    if (!answers.path("passedOver").isEmpty()) {
      out.println("passed over: " + EvalFigures.counts(answers.path("passedOver"), PASSED_OVER));
    }
    var table = new Table("", "RIGHT", "OF", "SHARE", "95 % INTERVAL");
    ROWS.stream()
        .filter(row -> row.of(figures).isObject())
        .forEach(row -> share(table, row, figures));
    table.print(out);
    if (answers.path("callForm").isNull()) {
      out.println("How this template writes tool calls is not known here: they are not told.");
    }
    if (slices) {
      for (var kind : answers.path("slices").properties()) {
        if (!EvalFigures.saysNothing(kind.getValue())) {
          out.println();
          bySlice(kind.getKey(), kind.getValue(), figures).print(out);
        }
      }
    }
    tellMisses(answers.path("items"), terminal);
  }

  private static void share(Table table, Row row, JsonNode figures) {
    var share = row.of(figures);
    table.row(
        row.words(),
        Text.count(share.path("right")),
        Text.count(share.path("of")),
        EvalFigures.percent(share.path("share")),
        EvalFigures.percent(share.path("low")) + " to " + EvalFigures.percent(share.path("high")));
  }

  /** Only the shares that the whole has. */
  private static Table bySlice(String kind, JsonNode slices, JsonNode whole) {
    var rows = ROWS.stream().filter(row -> row.of(whole).isObject()).toList();
    var headers = new ArrayList<String>(List.of(kind.toUpperCase(Locale.ROOT), "ANSWERS"));
    rows.forEach(row -> headers.add(row.column()));
    var table = new Table(headers.toArray(String[]::new));
    var names = EvalFigures.names(kind, slices);
    for (int i = 0; i < names.size(); i++) {
      var slice = slices.path(i);
      var cells = new ArrayList<Object>(List.of(names.get(i), Text.count(slice.path("answers"))));
      rows.forEach(row -> cells.add(EvalFigures.percent(row.of(slice).path("share"))));
      table.row(cells.toArray());
    }
    return table;
  }

  private static void tellMisses(JsonNode items, Terminal terminal) {
    var misses =
        items.valueStream().filter(i -> !i.path("exact").asBoolean()).limit(MISSES).toList();
    int room = Math.max(40, terminal.columns() - 12);
    for (var miss : misses) {
      var out = terminal.out();
      out.println();
      out.println(Text.printable(miss.path("id").asString("")));
      out.println("  asked   " + EvalFigures.quoted(miss.path("question").asString(""), room));
      out.println("  wanted  " + EvalFigures.quoted(miss.path("reference").asString(""), room));
      out.println(
          "  got     "
              + EvalFigures.quoted(miss.path("answer").asString(""), room)
              + (miss.path("cut").asBoolean() ? " (cut off)" : ""));
    }
  }
}
