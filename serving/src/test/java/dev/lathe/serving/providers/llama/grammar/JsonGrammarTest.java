package dev.lathe.serving.providers.llama.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.serving.providers.llama.decoding.Constraint;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JsonGrammarTest {
  private static final String PERSON =
      """
      {"type": "object", "additionalProperties": false, "required": ["name", "tags"], "properties": {
         "name": {"type": "string", "maxLength": 5}, "age": {"type": ["integer", "null"]},
         "tags": {"type": "array", "items": {"enum": ["a", "b", 3]}, "minItems": 1, "maxItems": 2}}}
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"a\":1}",
        "{\"a\": [1, -2.5e10, true, null, {\"é😀\": \"x\\n\\u00e9\"}], \"b\": {}}",
        "{\n  \"a\": 0}"
      })
  void takesAnyObject(String json) {
    assertThat(takes(JsonGrammar.anyObject(), json)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{",
        "{\"a\"}",
        "{\"a\":01}",
        "{'a':1}",
        "{\"a\":1,}",
        "{} ",
        "x",
        "{\"a\":\"\n\"}"
      })
  void takesNothingElse(String text) {
    assertThat(takes(JsonGrammar.anyObject(), text)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"name\": \"Ann\", \"tags\": [\"a\"]}",
        "{\"name\": \"\", \"age\": null, \"tags\": [3, \"b\"]}",
        "{\"name\":\"ééééé\",\"age\":-7,\"tags\":[\"a\",\"a\"]}"
      })
  void takesWhatTheSchemaDescribes(String json) {
    assertThat(takes(of(PERSON), json)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"name\": \"Ann\"}",
        "{\"tags\": [\"a\"], \"name\": \"Ann\"}",
        "{\"name\": \"toolong\", \"tags\": [\"a\"]}",
        "{\"name\": \"Ann\", \"age\": 1.5, \"tags\": [\"a\"]}",
        "{\"name\": \"Ann\", \"tags\": []}",
        "{\"name\": \"Ann\", \"tags\": [\"a\", \"a\", \"a\"]}",
        "{\"name\": \"Ann\", \"tags\": [\"c\"]}",
        "{\"name\": \"Ann\", \"tags\": [\"a\"], \"more\": 1}"
      })
  void refusesWhatItDoesNot(String json) {
    assertThat(takes(of(PERSON), json)).isFalse();
  }

  @Test
  void followsReferencesIntoTheSchemaItself() {
    var tree =
        """
        {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "additionalProperties": false,
          "required": ["next"], "properties": {"next":
             {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}}}}}
        """;
    assertThat(takes(of(tree), "{\"next\": {\"next\": {\"next\": null}}}")).isTrue();
    assertThat(takes(of(tree), "{\"next\": 1}")).isFalse();
  }

  @Test
  void takesOtherPropertiesWhereTheSchemaAllowsThem() {
    var open = "{\"type\": \"object\", \"additionalProperties\": {\"type\": \"integer\"}}";
    assertThat(takes(of(open), "{\"a\": 1, \"b\": 2}")).isTrue();
    assertThat(takes(of(open), "{\"a\": \"1\"}")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1",
        "{\"type\": \"colour\"}",
        "{\"type\": \"string\", \"pattern\": \"a+\"}",
        "{\"$ref\": \"http://example.org/x\"}",
        "{\"$ref\": \"#/nowhere\"}",
        "{\"$ref\": \"#\"}",
        "{\"anyOf\": [{\"$ref\": \"#\"}, {\"type\": \"null\"}]}",
        "{\"type\": \"array\", \"minItems\": 3, \"maxItems\": 2}",
        "{\"type\": \"array\", \"minItems\": 999999999}",
        "{\"enum\": []}",
        "{\"type\": \"object\", \"required\": [\"x\"]}"
      })
  void refusesSchemasThatItCannotHoldAnswersTo(String schema) {
    assertThatThrownBy(() -> of(schema)).isInstanceOf(UnsupportedSchema.class);
  }

  /** Whatever is drawn from what is allowed is JSON in the end. */
  @Test
  void everythingThatItLetsThroughIsJson() {
    var random = new Random(4);
    for (int n = 0; n < 200; n++) {
      var constraint = JsonGrammar.anyObject();
      var text = new StringBuilder();
      for (int i = 0; i < 60 || (!constraint.complete() && i < 5_000); i++) {
        // Late in the text only what closes it, so that it ends.
        var alphabet = i < 60 ? "{}[]\",:0129-.eEtruefalsnd \n\\ab" : "\"0e}]:truefalsn,";
        char c = alphabet.charAt(random.nextInt(alphabet.length()));
        if (constraint.complete()) {
          break;
        }
        if (constraint.allows(new byte[] {(byte) c})) {
          constraint.accept(new byte[] {(byte) c});
          text.append(c);
        }
      }
      if (constraint.complete()) {
        assertThat(JsonMapper.shared().readTree(text.toString()).isObject()).isTrue();
      }
    }
  }

  private static Constraint of(String schema) {
    JsonNode node = JsonMapper.shared().readTree(schema);
    return JsonGrammar.ofSchema(node);
  }

  /** Feeds the text in pieces of one to three bytes. */
  private static boolean takes(Constraint constraint, String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int from = 0, n = 1; from < bytes.length; from += n, n = n % 3 + 1) {
      var piece = java.util.Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + n));
      if (!constraint.allows(piece)) {
        return false;
      }
      constraint.accept(piece);
    }
    return constraint.complete();
  }
}
