package dev.lathe.app.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** Tells an evaluation: the whole, its slices and the worst conversations. */
final class EvalFigures {
  /** Of a conversation's dearest tokens, those that are shown. */
  private static final int DEAREST = 3;

  private EvalFigures() {}

  /**
   * @param slices whether they are wanted
   */
  static void tell(JsonNode r, boolean slices, Terminal terminal) {
    var out = terminal.out();
    out.printf(
        Locale.ROOT,
        "%s on %s (%s): loss %s, perplexity %s, token accuracy %s, %s tokens of %s%n",
        r.path("target").asString(""),
        r.path("dataset").asString(""),
        r.path("split").asString(""),
        figure("%.4f", r.path("loss")),
        figure("%.2f", r.path("perplexity")),
        percent(r.path("tokenAccuracy")).replace("%", " %"),
        Text.count(r.path("tokens")),
        conversations(r.path("conversations")));
    if (slices) {
      for (var kind : r.path("slices").properties()) {
        out.println();
        if (saysNothing(kind.getValue())) {
          out.println(kind.getKey().toUpperCase(Locale.ROOT) + "  unknown: the logs do not say it");
        } else {
          slices(kind.getKey(), kind.getValue()).print(out);
        }
      }
    }
    if (!r.path("worst").isEmpty()) {
      out.println();
      tellWorst(r.path("worst"), terminal);
    }
    if (r.path("answers").isObject()) {
      out.println();
      AnswerTables.tell(r.path("answers"), slices, terminal);
    }
  }

  /** Whether a kind of slices tells no conversation from another. */
  static boolean saysNothing(JsonNode slices) {
    return slices.size() == 1 && slices.path(0).path("name").asString("").equals("unknown");
  }

  private static Table slices(String kind, JsonNode slices) {
    var table =
        new Table(
            kind.toUpperCase(Locale.ROOT),
            "CONVERSATIONS",
            "TOKENS",
            "LOSS",
            "PERPLEXITY",
            "ACCURACY");
    var names = names(kind, slices);
    for (int i = 0; i < names.size(); i++) {
      var s = slices.path(i);
      table.row(
          names.get(i),
          Text.count(s.path("conversations")),
          Text.count(s.path("tokens")),
          figure("%.4f", s.path("loss")),
          figure("%.2f", s.path("perplexity")),
          percent(s.path("tokenAccuracy")));
    }
    return table;
  }

  /** Of logs their file names, where those tell them apart. */
  static List<String> names(String kind, JsonNode slices) {
    var names = new ArrayList<String>();
    slices.forEach(s -> names.add(Text.printable(s.path("name").asString(""))));
    var files = names.stream().map(EvalFigures::file).toList();
    boolean apart = files.stream().distinct().count() == files.size();
    return kind.equals("source") && apart ? files : names;
  }

  private static void tellWorst(JsonNode worst, Terminal terminal) {
    var out = terminal.out();
    out.println("THE HIGHEST LOSS");
    for (var w : worst) {
      out.printf(
          Locale.ROOT,
          "%s  %s  %s%n",
          terminal.styled("1", figure("%8.4f", w.path("loss"))),
          Text.printable(w.path("id").asString("")),
          "%s, %s tokens"
              .formatted(
                  w.path("line").asLong(0) > 0
                      ? file(w.path("source").asString("")) + " line " + w.path("line")
                      : "of an unknown log",
                  Text.count(w.path("tokens"))));
      int room = Math.max(40, terminal.columns() - 12);
      out.println("          " + quoted(w.path("excerpt").asString(""), room));
      w.path("dearest")
          .valueStream()
          .limit(DEAREST)
          .forEach(
              d ->
                  out.printf(
                      "          %s for %s after %s, where %s was likeliest%n",
                      figure("%.1f", d.path("loss")),
                      quoted(d.path("text").asString(""), 30),
                      lastWords(d.path("before").asString("")),
                      quoted(d.path("likeliest").asString(""), 30)));
    }
  }

  /** One line in quotation marks, cut where it is longer than there is room. */
  static String quoted(String text, int room) {
    var line = oneLine(text);
    boolean fits = line.codePointCount(0, line.length()) <= room;
    return "\""
        + (fits ? line : line.substring(0, line.offsetByCodePoints(0, room - 1)) + "…")
        + "\"";
  }

  private static String lastWords(String text) {
    var line = oneLine(text);
    int length = line.codePointCount(0, line.length());
    return "\""
        + (length <= 30 ? line : "…" + line.substring(line.offsetByCodePoints(0, length - 29)))
        + "\"";
  }

  private static String oneLine(String text) {
    return Text.printable(text.replace("\n", "⏎").replace("\t", " "));
  }

  private static String file(String path) {
    return Text.printable(path.substring(path.lastIndexOf('/') + 1));
  }

  private static String conversations(JsonNode count) {
    return count.asLong(0) == 1 ? "1 conversation" : Text.count(count) + " conversations";
  }

  static String percent(JsonNode share) {
    return share.isNumber() ? String.format(Locale.ROOT, "%.1f%%", 100 * share.asDouble()) : "-";
  }

  /** What is no number is told by its name. */
  static String figure(String format, JsonNode value) {
    return value.isNumber()
        ? String.format(Locale.ROOT, format, value.asDouble())
        : value.asString("-");
  }

  /** "3 too long, 1 without an answer". */
  static String counts(JsonNode counts, Map<String, String> words) {
    return counts.properties().stream()
        .map(e -> Text.count(e.getValue()) + " " + words.getOrDefault(e.getKey(), e.getKey()))
        .collect(Collectors.joining(", "));
  }
}
