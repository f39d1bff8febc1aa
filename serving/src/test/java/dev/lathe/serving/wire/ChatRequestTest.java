package dev.lathe.serving.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatRequestTest {
  private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]";

  private static ChatRequest read(String body) {
    return ChatRequest.read(body.getBytes(StandardCharsets.UTF_8));
  }

  private static WireError refused(String body) {
    var error = catchThrowableOfType(WireError.class, () -> read(body));
    assertThat(error).as(body).isNotNull();
    assertThat(error.status()).isEqualTo(400);
    assertThat(error.type()).isEqualTo("invalid_request_error");
    return error;
  }

  @Test
  void onlyTheModelChangesAndEveryOtherByteGoesOn() {
    var body =
        "{ \"zz_unknown\" : {\"a\":[1.50,1e400,12345678901234567890123]},\r\n \"model\" : \"a\\u0062:c\" ,"
            + MESSAGES
            + ",\"user\":\"ü\\ud83d\\ude00😀\"}";
    var request = read(body);
    assertThat(request.model()).isEqualTo("ab:c");
    assertThat(request.subject()).isEqualTo("ü😀😀");
    assertThat(new String(request.forModel("gpt \"4\""), StandardCharsets.UTF_8))
        .isEqualTo(body.replace("\"a\\u0062:c\"", "\"gpt \\\"4\\\"\""));
  }

  @Test
  void aByteOrderMarkIsTakenOff() {
    var request = read("\uFEFF{\"model\":\"m\"," + MESSAGES + "}");
    assertThat(new String(request.forModel("n"), StandardCharsets.UTF_8))
        .isEqualTo("{\"model\":\"n\"," + MESSAGES + "}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[]",
        "nonsense",
        "{\"model\":\"m\"",
        "{\"model\":\"m\",\"messages\":[}",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]} trailing",
        "{\"model\":\"m\"} {\"model\":\"m\"}"
      })
  void brokenJsonIsToldAsSuch(String body) {
    var error = refused(body);
    if (!"missing_required_parameter".equals(error.code())) {
      assertThat(error.code()).isEqualTo("invalid_json");
    }
  }

  @Test
  void otherEncodingsAreRefusedAndNotGuessed() {
    var body = "{\"model\":\"m\"," + MESSAGES + "}";
    for (var encoding :
        new java.nio.charset.Charset[] {
          StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE
        }) {
      assertThatExceptionOfType(WireError.class)
          .isThrownBy(() -> ChatRequest.read(body.getBytes(encoding)))
          .withMessageContaining("UTF-8");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "temperature|9",
        "temperature|-0.1",
        "temperature|\"hot\"",
        "temperature|1e999",
        "top_p|1.5",
        "top_p|true",
        "frequency_penalty|3",
        "presence_penalty|-2.5",
        "max_tokens|0",
        "max_tokens|-5",
        "max_tokens|1.5",
        "max_tokens|99999999999999999999",
        "max_completion_tokens|0",
        "n|0",
        "n|129",
        "seed|\"x\"",
        "stream|\"yes\"",
        "stream|1",
        "stream_options|[]",
        "logit_bias|7",
        "tools|{}",
        "user|5",
        "stop|7",
        "stop|[\"a\",\"b\",\"c\",\"d\",\"e\"]",
        "top_logprobs|21",
        "response_format|\"json\""
      })
  void aFieldOutOfItsRangeIsNamed(String field, String value) {
    var error = refused("{\"model\":\"m\"," + MESSAGES + ",\"" + field + "\":" + value + "}");
    assertThat(error.param()).isEqualTo(field);
    assertThat(error.message()).contains(field);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"temperature\":0",
        "\"temperature\":2",
        "\"temperature\":null",
        "\"max_tokens\":1",
        "\"max_tokens\":null",
        "\"stop\":\"x\"",
        "\"stop\":[\"a\",\"b\",\"c\",\"d\"]",
        "\"stop\":null",
        "\"stream\":false",
        "\"top_p\":1.0",
        "\"seed\":-7",
        "\"logit_bias\":{\"50256\":-100}",
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]",
        "\"reasoning_effort\":\"low\"",
        "\"anything\":{\"else\":[]}"
      })
  void whatOpenAiTakesIsTaken(String field) {
    assertThat(read("{\"model\":\"m\"," + MESSAGES + "," + field + "}").model()).isEqualTo("m");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "messages|{\"model\":\"m\"}",
        "messages|{\"model\":\"m\",\"messages\":null}",
        "messages|{\"model\":\"m\",\"messages\":[]}",
        "messages|{\"model\":\"m\",\"messages\":\"hi\"}",
        "messages[0]|{\"model\":\"m\",\"messages\":[\"hi\"]}",
        "messages[0].role|{\"model\":\"m\",\"messages\":[{\"content\":\"hi\"}]}",
        "messages[1].role|{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"usre\",\"content\":\"b\"}]}",
        "messages[0].content|{\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}",
        "messages[0].content|{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":7}]}",
        "messages[0].content[0]|{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[7]}]}",
        "messages[0].content[0].text|{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
        "messages[0].content|{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null}]}",
        "messages[0].tool_call_id|{\"model\":\"m\",\"messages\":[{\"role\":\"tool\",\"content\":\"4\"}]}",
        "model|{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}",
        "model|{\"model\":7,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}",
        "model|{\"model\":\" \",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}",
        "model|{\"model\":\"a\",\"model\":\"b\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"
      })
  void aMessageThatIsWrongIsNamed(String param, String body) {
    assertThat(refused(body).param()).isEqualTo(param);
  }

  @Test
  void aRoleThatIsNearlyRightIsAnsweredWithTheRightOne() {
    assertThat(
            refused("{\"model\":\"m\",\"messages\":[{\"role\":\"usre\",\"content\":\"b\"}]}")
                .message())
        .contains("Did you mean 'user'?");
  }

  @Test
  void turnsThatOnlyCallToolsAndPicturesAreTaken() {
    read(
        "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[]},"
            + "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"4\"},"
            + "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}}]}]}");
  }

  @Test
  void deepNestingIsRefusedAndNoStackOverflows() {
    assertThat(refused("{\"model\":\"m\",\"messages\":" + "[".repeat(200_000)).code())
        .isEqualTo("invalid_json");
  }

  @Test
  void whateverComesIsReadOrRefusedAsBadRequest() {
    var random = new Random(7);
    var seed =
        ("{\"model\":\"m\","
                + MESSAGES
                + ",\"stop\":[\"a\"],\"temperature\":1,\"user\":\"u\",\"stream\":true}")
            .getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 20_000; i++) {
      var bytes = seed.clone();
      for (int k = random.nextInt(4); k >= 0; k--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        var request = ChatRequest.read(bytes);
        ChatRequest.read(request.forModel("other"));
      } catch (WireError e) {
        assertThat(e.status()).isEqualTo(400);
        assertThat(AnswerBody.read(e.json())).isNotNull();
      }
    }
  }
}
