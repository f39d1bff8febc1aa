package dev.lathe.serving.routing.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.wire.ChatRequest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class RuleClassifierTest {
  private static final RuleClassifier RULES = new RuleClassifier();

  static ChatRequest asking(String text) {
    var body = JsonMapper.shared().createObjectNode().put("model", "m");
    body.putArray("messages").addObject().put("role", "user").put("content", text);
    return ChatRequest.read(body.toString().getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          greeting      | Hi!
          translation   | Translate "good night" into French.
          translation   | Übersetze das ins Englische: Guten Tag
          summarisation | 次の記事を要約してください。
          code          | Write a Python function that reverses a list.
          maths         | Solve the equation 3x + 4 = 10.
          """)
  void aCueDecides(String task, String text) {
    var assessment = RULES.assess(asking(text));
    assertThat(assessment.task().wireName()).isEqualTo(task);
    assertThat(assessment.because()).isNotEmpty();
  }
}
