package dev.lathe.pipelines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class AnswerMarkTest {
  private static final AnswerSchema SCHEMA =
      schema(
          """
          {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/n"}},
           "$defs": {"n": {"type": "integer", "maximum": 5}}}""");

  private static AnswerSchema schema(String json) {
    return AnswerSchema.of(JsonMapper.shared().readTree(json));
  }

  private static AnswerMark mark(Message reference, String answer, @Nullable AnswerSchema schema) {
    return AnswerMark.of(
        reference, reference.content(), answer, Optional.of(ToolCallForm.HERMES), schema);
  }

  private static AnswerMark.JsonMark json(String reference, String answer) {
    var mark = mark(Message.of(Role.ASSISTANT, reference), answer, SCHEMA);
    return Objects.requireNonNull(mark.json());
  }

  @Test
  void whiteSpaceIsNoDifferenceButIsToTheLetter() {
    var reference = Message.of(Role.ASSISTANT, "Yes, it is.\nBye");
    assertThat(mark(reference, " Yes, it is.\nBye\n", null))
        .matches(m -> m.exact() && m.verbatim());
    assertThat(mark(reference, "Yes,  it is. Bye", null)).matches(m -> m.exact() && !m.verbatim());
    assertThat(mark(reference, "Yes, it is.Bye", null)).matches(m -> !m.exact() && !m.verbatim());
    assertThat(mark(reference, "yes, it is.\nBye", null).exact()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"a": 1, "b": [1, 2]}   | {"b":[1.0,2e0],"a":1}        | true  | true  | true
          {"a": 1, "b": [1, 2]}   | {"a": 1, "b": [2, 1]}        | true  | false | true
          {"a": 1}                | {"a": 1, "b": null}          | true  | false | true
          {"a": 1}                | {"a": "1"}                   | true  | false | false
          {"a": 1}                | {"a": 7}                     | true  | false | false
          {"a": 0.1}              | {"a": 1e-1}                  | true  | true  | false
          {"a": 1}                | {"a": 1} Anything else?      | false | false | false
          {"a": 1}                | {"a": 1, "a": 1}             | false | false | false
          {"a": 1}                | {"a": 1                      | false | false | false
          {"a": 1}                | 1                            | false | false | false
          [{"x": true}]           | [ {"x" : true} ]             | true  | true  | false
          {"a": 9007199254740993} | {"a": 9007199254740992}      | true  | false | false
          """)
  void jsonIsComparedByMeaning(
      String reference, String answer, boolean parses, boolean same, boolean valid) {
    assertThat(json(reference, answer)).isEqualTo(new AnswerMark.JsonMark(parses, same, valid));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Yes.", "\"text\"", "17", "", "{\"a\": 1"})
  void aReferenceThatIsNoObjectIsNoJson(String reference) {
    assertThat(mark(Message.of(Role.ASSISTANT, reference), "{}", null).json()).isNull();
  }

  private static Message calling(ToolCall... calls) {
    return new Message(Role.ASSISTANT, "", List.of(calls), null, null, 1);
  }

  private static String tagged(String... calls) {
    return String.join(
        "\n", Stream.of(calls).map(c -> "<tool_call>" + c + "</tool_call>").toList());
  }

  private static AnswerMark.CallMark calls(Message reference, String answer) {
    return Objects.requireNonNull(mark(reference, answer, null).calls());
  }

  @Test
  void callsAreComparedByNameAndByArguments() {
    var reference = calling(new ToolCall("1", "find", "{\"q\": \"Mocha\", \"n\": 1}"));
    assertThat(
            calls(
                reference, tagged("{\"name\":\"find\",\"arguments\":{\"n\":1.0,\"q\":\"Mocha\"}}")))
        .isEqualTo(new AnswerMark.CallMark(true, true, true, true, true));
    assertThat(
            calls(
                reference,
                "Let me look.\n"
                    + tagged(
                        "{\"name\":\"find\",\"arguments\":\"{\\\"q\\\":\\\"Mocha\\\",\\\"n\\\":1}\"}")))
        .as("arguments as text, amid words")
        .isEqualTo(new AnswerMark.CallMark(true, true, true, true, true));
    assertThat(
            calls(reference, tagged("{\"name\":\"find\",\"arguments\":{\"q\":\"Latte\",\"n\":1}}")))
        .isEqualTo(new AnswerMark.CallMark(true, true, true, false, false));
    assertThat(
            calls(reference, tagged("{\"name\":\"get\",\"arguments\":{\"q\":\"Mocha\",\"n\":1}}")))
        .isEqualTo(new AnswerMark.CallMark(true, true, false, true, false));
    assertThat(calls(reference, "There is a mocha."))
        .isEqualTo(new AnswerMark.CallMark(true, false, false, false, false));
    assertThat(calls(reference, "<tool_call>{\"name\": \"find\", \"argu"))
        .as("cut off")
        .isEqualTo(new AnswerMark.CallMark(true, true, false, false, false));
    assertThat(
            calls(
                reference,
                tagged("{\"name\":\"find\",\"arguments\":{\"q\":\"Mocha\",\"n\":1}}", "{}")))
        .as("one call too many, and unreadable")
        .isEqualTo(new AnswerMark.CallMark(true, true, false, false, false));
  }

  @Test
  void callsMadeTogetherHaveNoOrderAndEachIsWanted() {
    var reference =
        calling(new ToolCall("1", "add", "{\"n\":1}"), new ToolCall("2", "add", "{\"n\":2}"));
    var first = "{\"name\":\"add\",\"arguments\":{\"n\":1}}";
    var second = "{\"name\":\"add\",\"arguments\":{\"n\":2}}";
    assertThat(calls(reference, tagged(second, first)).both()).isTrue();
    assertThat(calls(reference, tagged(first, first)).both()).isFalse();
    assertThat(calls(reference, tagged(first)).name()).isFalse();
  }

  @Test
  void aCallWhereNoneWasIsFalse() {
    var reference = Message.of(Role.ASSISTANT, "Which size?");
    var figures =
        AnswerFigures.of(
            "all",
            List.of(
                mark(reference, tagged("{\"name\":\"add\",\"arguments\":{}}"), null),
                mark(reference, "Which size?", null),
                mark(calling(new ToolCall("1", "add", "{}")), "No.", null)));
    var calls = Objects.requireNonNull(figures.toolCalls());
    assertThat(calls.references()).isEqualTo(1);
    assertThat(calls.falseCalls()).isEqualTo(Share.of(1, 2));
    assertThat(calls.both()).isEqualTo(Share.of(0, 1));
    assertThat(figures.exactMatch()).isEqualTo(Share.of(1, 3));
    assertThat(figures.json()).isNull();
    assertThat(AnswerFigures.of("all", List.of(mark(reference, "No.", null))).toolCalls())
        .as("where nobody calls anything nothing is told")
        .isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "\"string\"",
        "{\"type\": \"objekt\"}",
        "{\"properties\": {\"a\": 3}}",
        "{\"properties\": {\"a\": {\"$ref\": \"#/$defs/missing\"}}}",
        "{\"$ref\": \"http://127.0.0.1:9/other.json\"}",
        "{\"$schema\": \"https://example.org/mine\", \"type\": \"object\"}"
      })
  void whatIsNoSchemaIsRefusedBeforeAnythingIsMeasured(String schema) {
    assertThatThrownBy(() -> schema(schema))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("no JSON Schema");
  }

  @Test
  void olderDraftsAreHeldToTheirOwnRules() {
    var draft7 =
        schema(
            """
            {"$schema": "http://json-schema.org/draft-07/schema#", "type": "array",
             "items": [{"type": "string"}], "additionalItems": false}""");
    assertThat(draft7.holds(JsonMapper.shared().readTree("[\"a\"]"))).isTrue();
    assertThat(draft7.holds(JsonMapper.shared().readTree("[\"a\", 1]"))).isFalse();
  }
}
