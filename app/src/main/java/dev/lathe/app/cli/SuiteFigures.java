package dev.lathe.app.cli;

import java.io.PrintStream;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** What a suite found, for people. */
final class SuiteFigures {
  private SuiteFigures() {}

  static void tell(JsonNode r, boolean answers, Terminal terminal) {
    var out = terminal.out();
    var suite = r.path("suite");
    var against = r.path("against");
    out.println(
        terminal.styled("1", Text.printable(suite.path("name").asString("")))
            + ": "
            + Text.printable(suite.path("title").asString("")));
    out.printf(
        Locale.ROOT,
        "  %s, greedily, at most %d tokens an answer; %d prompts, suite %s%n",
        who(r.path("target")),
        suite.path("maxTokens").asInt(),
        suite.path("prompts").asInt(),
        suite.path("sha256").asString("").substring(0, 12));
    if (against.isObject()) {
      out.println("  against " + who(against.path("target")));
    }
    if (r.path("judge").isObject()) {
      tellJudge(r.path("judge"), out);
    }
    out.println();
    table(r, against).print(out);
    out.println();
    if (against.isObject()) {
      tellComparison(against, out);
    }
    r.path("asked").valueStream().forEach(a -> out.println("  asked: " + asked(a)));
    if (answers) {
      r.path("answers").valueStream().forEach(a -> tellAnswer(a, r.path("against"), terminal));
    }
  }

  private static String who(JsonNode subject) {
    return Text.printable(subject.path("name").asString(""))
        + " ("
        + subject.path("by").asString("")
        + ")";
  }

  private static void tellJudge(JsonNode judge, PrintStream out) {
    out.printf(
        Locale.ROOT,
        "  judged by %s: %d verdicts, %d of them unreadable%s%n",
        who(judge),
        judge.path("verdicts").asInt(),
        judge.path("unreadable").asInt(),
        judge.path("judgesItself").asBoolean(false) ? "; it judges itself" : "");
  }

  private static Table table(JsonNode r, JsonNode against) {
    boolean two = against.isObject();
    var table =
        two
            ? new Table("MEASURE", "BY", "SHARE", "95 %", "OF", "AGAINST", "95 %", "OF")
            : new Table("MEASURE", "BY", "SHARE", "95 %", "OF");
    row(table, r.path("score"), against, two);
    r.path("measures").valueStream().forEach(m -> row(table, m, against, two));
    if (r.path("lengthRatio").isNumber()) {
      var ratio = percent(r.path("lengthRatio"));
      if (two) {
        table.row(
            "length, shorter / longer",
            "rule",
            ratio,
            "",
            "",
            percent(against.path("lengthRatio")),
            "",
            "");
      } else {
        table.row("length, shorter / longer", "rule", ratio, "", "");
      }
    }
    return table;
  }

  private static void row(Table table, JsonNode m, JsonNode against, boolean two) {
    if (!two) {
      table.row(name(m), m.path("by").asString(""), percent(m.path("share")), interval(m), of(m));
      return;
    }
    var other = same(m, against);
    table.row(
        name(m),
        m.path("by").asString(""),
        percent(m.path("share")),
        interval(m),
        of(m),
        percent(other.path("share")),
        interval(other),
        of(other));
  }

  private static JsonNode same(JsonNode measure, JsonNode against) {
    if (isSame(measure, against.path("score"))) {
      return against.path("score");
    }
    return against
        .path("measures")
        .valueStream()
        .filter(m -> isSame(measure, m))
        .findFirst()
        .orElseGet(() -> against.path("nothing"));
  }

  private static boolean isSame(JsonNode a, JsonNode b) {
    return a.path("name").equals(b.path("name")) && a.path("by").equals(b.path("by"));
  }

  private static String name(JsonNode m) {
    return Text.printable(m.path("name").asString(""));
  }

  private static void tellComparison(JsonNode against, PrintStream out) {
    var name = Text.printable(against.path("target").path("name").asString(""));
    var difference = against.path("difference");
    if (difference.isObject()) {
      out.printf(
          Locale.ROOT,
          "  score minus that of %s: %+.1f points, 95 %% interval %+.1f to %+.1f, over %d%n",
          name,
          100 * difference.path("difference").asDouble(),
          100 * difference.path("low").asDouble(),
          100 * difference.path("high").asDouble(),
          difference.path("of").asInt());
    }
    var p = against.path("preferred");
    if (p.isObject()) {
      out.printf(
          Locale.ROOT,
          "  preferred to %s: %s, 95 %% interval %s (%d won, %d lost, %d ties, %d undecided; the answer"
              + " that stood first was chosen in %s)%n",
          name,
          percent(p.path("share")),
          interval(p),
          p.path("wins").asInt(),
          p.path("losses").asInt(),
          p.path("ties").asInt(),
          p.path("undecided").asInt(),
          percent(p.path("firstShare")));
    }
  }

  private static String asked(JsonNode a) {
    var found = a.path("found").isNumber() ? ": found " + percent(a.path("found")) : "";
    var met = a.path("met");
    return Text.printable(a.path("figure").asString(""))
        + found
        + (met.isBoolean() ? met.booleanValue() ? ", reached" : ", not reached" : "")
        + " ("
        + Text.printable(a.path("note").asString(""))
        + ")";
  }

  private static void tellAnswer(JsonNode a, JsonNode against, Terminal terminal) {
    var out = terminal.out();
    boolean judged = a.path("judged").isBoolean();
    boolean passed = judged ? a.path("judged").booleanValue() : a.path("passed").asBoolean(false);
    out.println();
    out.println(
        terminal.styled(passed ? "32" : "31", passed ? "passed " : "failed ")
            + Text.printable(a.path("prompt").asString(""))
            + ": "
            + Text.printable(a.path("question").asString("")));
    out.println("  " + indented(a.path("answer")));
    if (against.isObject()) {
      out.println("  " + Text.printable(against.path("target").path("name").asString("")) + ":");
      out.println("  " + indented(a.path("against")));
    }
  }

  private static String indented(JsonNode text) {
    return Text.printable(text.asString("")).strip().replace("\n", "\n  ");
  }

  private static String percent(JsonNode share) {
    return share.isNumber() ? String.format(Locale.ROOT, "%.1f%%", 100 * share.asDouble()) : "-";
  }

  private static String interval(JsonNode m) {
    return m.path("low").isNumber()
        ? String.format(
            Locale.ROOT,
            "%.1f-%.1f%%",
            100 * m.path("low").asDouble(),
            100 * m.path("high").asDouble())
        : "";
  }

  private static String of(JsonNode m) {
    double count = m.path("count").asDouble();
    return m.path("of").isNumber()
        ? (count == Math.rint(count) ? Long.toString((long) count) : Double.toString(count))
            + "/"
            + m.path("of").asInt()
        : "";
  }
}
