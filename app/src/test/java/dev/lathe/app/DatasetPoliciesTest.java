package dev.lathe.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What becomes of turns that are not to be learned, and of tools, as the command line shows it. */
class DatasetPoliciesTest {
  @TempDir Path folder;

  /** The form of a support log with calls of functions: silent answers that only call. */
  private static final String ORDERS =
      """
      {"id": "dlg-1", "messages": [{"role": "user", "content": "two teas, please"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_0", "type": "function", "function": {"name": "find_drinks", "arguments": "{\\"query\\": \\"tea\\"}"}}]}, {"role": "tool", "tool_call_id": "call_0", "content": "{\\"drinks\\":[\\"green-tea\\"]}"}, {"role": "assistant", "content": "Two green teas, is that right?", "weight": 0}, {"role": "user", "content": "yes"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "order", "arguments": "{\\"drink\\": \\"green-tea\\",\\"quantity\\": \\"2\\"}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "{\\"success\\":true}"}, {"role": "assistant", "content": "They are on their way."}], "metadata": {"scenario": "tea"}}
      """;

  @Test
  void turnsOfWeightZeroAreReadButNotLearnedAndToolTurnsAreCounted() throws IOException {
    var log = Files.writeString(folder.resolve("orders.jsonl"), ORDERS);
    try (var home = new CommandLineHome(folder.resolve("home"))) {
      home.run("pull", "tiny").done();
      var built =
          home.run("dataset", "build", log.toString(), "--name", "tea", "--base", "tiny", "--json")
              .done()
              .json();
      assertThat(built.path("kept").asInt()).isEqualTo(1);
      var shown = home.run("dataset", "show", "tea", "--json").done().json().path("toolPolicy");
      assertThat(shown.path("calls").asInt()).isEqualTo(2);
      assertThat(shown.path("results").asInt()).isEqualTo(2);
      assertThat(shown.path("callsAsText").asInt()).isEqualTo(2);
      assertThat(shown.path("resultsAsText").asInt()).isEqualTo(2);
      assertThat(home.run("dataset", "show", "tea").done().out())
          .contains("2 calls in <tool_call>, 2 results in <tool_response>");

      var preview = home.run("dataset", "preview", "tea", "--json").done().json();
      var text = text(preview, false);
      var learned = text(preview, true);
      assertThat(text)
          .contains(
              "find_drinks", "green-tea", "Two green teas, is that right?", "\"success\":true");
      assertThat(learned)
          .contains("find_drinks", "\"quantity\": \"2\"", "They are on their way.")
          .doesNotContain("Two green teas", "success", "two teas");
      assertThat(home.run("dataset", "stats", "tea", "--json").json().path("notLearned").asInt())
          .isEqualTo(1);
    }
  }

  private static String text(JsonNode preview, boolean learnedOnly) {
    var text = new StringBuilder();
    for (var token : preview.path("conversations").get(0).path("tokens")) {
      if (!learnedOnly || token.path("labelled").asBoolean(false)) {
        text.append(token.path("text").asString(""));
      }
    }
    return text.toString();
  }
}
