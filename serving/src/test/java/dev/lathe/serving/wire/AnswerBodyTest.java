package dev.lathe.serving.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerBodyTest {
  private static final AnswerBody.Names OURS =
      AnswerBody.Names.of("chatcmpl-1", "support@champion");

  private static AnswerBody read(String json) {
    return Objects.requireNonNull(AnswerBody.read(json.getBytes(StandardCharsets.UTF_8)));
  }

  private static String named(String json) {
    return new String(read(json).named(OURS), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"id\":\"x\",\"model\":\"y\",\"choices\":[]}|{\"id\":\"chatcmpl-1\",\"model\":\"support@champion\",\"choices\":[]}",
        "{\"model\":\"y\", \"choices\":[], \"id\" : \"x\\\"\" }|{\"model\":\"support@champion\", \"choices\":[], \"id\" : \"chatcmpl-1\" }",
        "{\"choices\":[{\"id\":\"x\",\"model\":\"y\"}]}|{\"id\":\"chatcmpl-1\",\"model\":\"support@champion\",\"choices\":[{\"id\":\"x\",\"model\":\"y\"}]}",
        "{\"id\":7,\"model\":{\"a\":[1,2]},\"choices\":[]}|{\"id\":\"chatcmpl-1\",\"model\":\"support@champion\",\"choices\":[]}",
        "{\"id\":null,\"choices\":[],\"n\":1.50}|{\"model\":\"support@champion\",\"id\":\"chatcmpl-1\",\"choices\":[],\"n\":1.50}"
      })
  void idAndModelBecomeOursAndEveryOtherByteStays(String upstream, String ours) {
    assertThat(named(upstream)).isEqualTo(ours);
  }

  @Test
  void whatItSaysOfItselfIsRead() {
    var answer =
        read(
            "{\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":16,\"details\":{\"prompt_tokens\":1}},"
                + "\"choices\":[{\"index\":0,\"delta\":{\"finish_reason\":\"x\"},\"finish_reason\":\"stop\"}]}");
    assertThat(answer.promptTokens()).isEqualTo(9);
    assertThat(answer.completionTokens()).isEqualTo(16);
    assertThat(answer.finished()).isTrue();
    assertThat(read("{\"choices\":[{\"delta\":{\"finish_reason\":\"x\"},\"finish_reason\":null}]}"))
        .matches(a -> !a.finished())
        .matches(AnswerBody::answers);
    assertThat(read("{\"error\":{\"message\":\"no\"}}")).matches(AnswerBody::isError);
    assertThat(read("{\"error\":null,\"choices\":[]}")).matches(a -> !a.isError());
    assertThat(read("{\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":1.5}}").promptTokens())
        .isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[]", "<html>", "{\"id\":", "{} {}", "{\"id\":\"x\"", "7"})
  void whatIsNoObjectIsNoAnswer(String garbage) {
    assertThat(AnswerBody.read(garbage.getBytes(StandardCharsets.UTF_8))).isNull();
  }

  @Test
  void garbageNeverThrows() {
    var random = new Random(7);
    var seed =
        "{\"id\":\"é\",\"model\":\"y\",\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9}}"
            .getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 20_000; i++) {
      var bytes = seed.clone();
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      var answer = AnswerBody.read(bytes);
      if (answer != null) {
        assertThat(answer.named(OURS)).contains('{');
      }
    }
  }
}
