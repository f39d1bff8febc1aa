package dev.lathe.datasets.store;

import java.util.Locale;
import java.util.Map;

/** The README.md of a version: what is in it, where it is from, what was left out. */
final class Card {
  private Card() {}

  static String of(DatasetVersion v) {
    var out = new StringBuilder();
    out.append("# ").append(v.dataset()).append("\n\n");
    line(
        out,
        "%,d of %,d conversations kept; %,d tokens, %,d of them learned (%.0f %%). Built for `%s` on %s.",
        v.kept(),
        v.conversations(),
        v.tokens(),
        v.labelTokens(),
        v.tokens() == 0 ? 0.0 : 100.0 * v.labelTokens() / v.tokens(),
        v.base(),
        v.createdAt());
    line(out, "Content id `%s`.\n", v.id());
    out.append(
        "\n| split | conversations | examples | tokens | learned |\n|---|---|---|---|---|\n");
    for (var split : Split.values()) {
      var p = v.part(split);
      line(
          out,
          "| %s | %,d | %,d | %,d | %,d |",
          split.wire(),
          p.conversations(),
          p.examples(),
          p.tokens(),
          p.labelTokens());
    }
    out.append(
        "\n## Sources\n\n| file | format | read | broken | SHA-256 |\n|---|---|---|---|---|\n");
    for (var s : v.sources()) {
      line(
          out,
          "| %s | %s | %,d | %,d | `%s` |",
          s.file(),
          s.format(),
          s.read(),
          s.broken(),
          s.sha256().substring(0, 16));
    }
    for (var s : v.sources()) {
      s.firstBroken().forEach(b -> line(out, "\nBroken in %s, %s.", s.file(), b));
    }
    counts(out, "Preferences", v.preferences());
    counts(out, "Left out, by rule (each one in `drops.jsonl`)", v.dropped());
    counts(out, "Personal data replaced by placeholders", v.redactions());
    counts(out, "Changed by cleaning", v.changes());
    counts(out, "Turns with tools", v.toolPolicy());
    counts(out, "Length limit", v.truncated());
    out.append("\n## Recipe\n\n```yaml\n");
    v.recipe().forEach((k, value) -> line(out, "%s: %s", k, value));
    out.append("```\n\nTokenizer `").append(v.tokenizerSha256());
    out.append("`, chat template `").append(v.templateSha256()).append("`.\n");
    return out.toString();
  }

  private static void counts(StringBuilder out, String title, Map<String, Long> counts) {
    if (counts.values().stream().anyMatch(n -> n > 0)) {
      out.append("\n## ").append(title).append("\n\n| | |\n|---|---|\n");
      counts.forEach((k, n) -> line(out, "| %s | %,d |", k, n));
    }
  }

  private static void line(StringBuilder out, String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
