package dev.lathe.app.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * An upstream that breaks off after every single byte of its answer, with a healthy one behind it:
 * whoever has got nothing yet gets an answer, and whoever has is told.
 */
class CutAnswersTest {
  private static final String WHOLE = "one two three four five";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everyByteCanBeTheLast(boolean streamed) throws Exception {
    var more = streamed ? ",\"stream\":true" : "";
    try (var cut = StandInUpstream.start();
        var healthy = StandInUpstream.start()) {
      var asked = new StandInUpstream.Asked("", ServedHome.body("x", more));
      int length = cut.said(asked).length;
      try (var home = ServedHome.start(folder, yaml(cut, healthy, length))) {
        int replaced = 0;
        int told = 0;
        for (int bytes = 0; bytes <= length; bytes++) {
          var answer = home.post(ServedHome.body("a:" + StandInUpstream.CUT + bytes, more));
          assertThat(answer.statusCode()).as("after %d bytes", bytes).isEqualTo(200);
          boolean whole = streamed ? streamIsWhole(answer) : isWhole(answer);
          replaced += answer.headers().firstValue("x-lathe-fallback").isPresent() ? 1 : 0;
          told += whole ? 0 : 1;
        }
        assertThat(healthy.asked).hasSize(replaced);
        // A whole answer has gone out only when all of it was there.
        assertThat(replaced).isGreaterThan(streamed ? 100 : length - 2);
        assertThat(told > 0).isEqualTo(streamed);
      }
    }
  }

  private static String yaml(StandInUpstream cut, StandInUpstream healthy, int length) {
    var yaml =
        new StringBuilder(
            """
            providers:
              a: {type: openai, baseUrl: "%s/v1"}
              b: {type: openai, baseUrl: "%s/v1"}
            routing:
              fallbacks:
            """
                .formatted(cut.root(), healthy.root()));
    for (int bytes = 0; bytes <= length; bytes++) {
      yaml.append("    \"a:%s%d\": [\"b:good\"]\n".formatted(StandInUpstream.CUT, bytes));
    }
    return yaml.toString();
  }

  private static boolean isWhole(HttpResponse<String> answer) {
    assertThat(
            ServedHome.json(answer)
                .path("choices")
                .path(0)
                .path("message")
                .path("content")
                .stringValue())
        .isEqualTo(WHOLE);
    return true;
  }

  /** Every event is JSON; the last one is either the end or an error, and only one of them. */
  private static boolean streamIsWhole(HttpResponse<String> answer) {
    var said = new StringBuilder();
    var events = new ArrayList<>(List.of(answer.body().split("\n\n")));
    var last = events.removeLast().replaceFirst("^data: ", "");
    for (var event : events) {
      assertThat(event).startsWith("data: ");
      var json = JsonMapper.shared().readTree(event.substring("data: ".length()));
      assertThat(json.has("error")).isFalse();
      said.append(json.path("choices").path(0).path("delta").path("content").asString(""));
    }
    if (last.equals("[DONE]")) {
      assertThat(said.toString().strip()).isEqualTo(WHOLE);
      return true;
    }
    var error = JsonMapper.shared().readTree(last).path("error");
    assertThat(error.path("code").stringValue()).isEqualTo("upstream_broke_off");
    assertThat(error.path("message").stringValue()).contains("Ask again");
    assertThat(WHOLE + " ").startsWith(said.toString());
    return false;
  }
}
