package dev.lathe.app.cli;

import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * Shows token by token what a model reads and what it learns. In colour, learned tokens are green
 * and read ones grey, and neighbours differ in brightness; without it, learned stretches stand in
 * brackets.
 */
final class TokenColours {
  private static final String[] LEARNED = {"32", "92"};
  private static final String[] READ = {"90", "37"};

  private final Terminal terminal;

  TokenColours(Terminal terminal) {
    this.terminal = terminal;
  }

  void print(JsonNode preview) {
    for (var shown : preview.path("conversations")) {
      long learned = 0;
      for (var token : shown.path("tokens")) {
        learned += token.path("labelled").asBoolean(false) ? 1 : 0;
      }
      terminal
          .out()
          .println(
              terminal.styled(
                  "1",
                  String.format(
                      Locale.ROOT,
                      "%s: %,d tokens, %,d %s",
                      shown.path("id").asString(""),
                      shown.path("tokens").size(),
                      learned,
                      shown.path("judged").asString("learned"))));
      terminal.out().println(terminal.colour() ? coloured(shown) : bracketed(shown));
      terminal.out().println();
    }
  }

  private String coloured(JsonNode shown) {
    var text = new StringBuilder();
    int n = 0;
    for (var token : shown.path("tokens")) {
      var styles = token.path("labelled").asBoolean(false) ? LEARNED : READ;
      var style = styles[n++ % 2];
      // A style that spans a line break paints the rest of the line in some terminals.
      var parts = Text.printable(token.path("text").asString("")).split("\n", -1);
      for (int i = 0; i < parts.length; i++) {
        text.append(i == 0 ? "" : "\n");
        text.append(parts[i].isEmpty() ? "" : terminal.styled(style, parts[i]));
      }
    }
    return text.toString();
  }

  private static String bracketed(JsonNode shown) {
    var text = new StringBuilder();
    boolean open = false;
    for (var token : shown.path("tokens")) {
      boolean learned = token.path("labelled").asBoolean(false);
      if (learned != open) {
        text.append(learned ? "⟦" : "⟧");
        open = learned;
      }
      text.append(Text.printable(token.path("text").asString("")));
    }
    return text.append(open ? "⟧" : "").toString();
  }
}
