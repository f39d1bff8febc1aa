package dev.lathe.pipelines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.chat.ChatTemplate;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ToolCallFormTest {
  private static final Path TEMPLATES = Path.of("../datasets/src/test/resources/chat/templates");

  /** Calls as Mistral's models write them, in few words. */
  private static final String LISTING =
      """
      {%- for m in messages %}
      {%- if m.role == "user" %}{{ "[INST] " + m.content + "[/INST]" }}
      {%- elif m.tool_calls is defined %}{{ "[TOOL_CALLS] [" }}
      {%- for c in m.tool_calls %}{{ '{"name": "' + c.function.name + '", "arguments": ' }}
      {{- c.function.arguments | tojson }}{{ ', "id": "' + c.id + '"}' }}{% endfor %}{{ "]" + eos_token }}
      {%- elif m.role == "tool" %}{{ "[TOOL_RESULTS] " + m.content + "[/TOOL_RESULTS]" }}
      {%- else %}{{ " " + m.content + eos_token }}{% endif %}
      {%- endfor %}""";

  /** A form of its own. */
  private static final String STRANGE =
      """
      {%- for m in messages %}<|{{ m.role }}|>
      {%- for c in m.tool_calls or [] %}call {{ c.function.name }} with {{ c.function.arguments | tojson }}{% endfor %}
      {{- m.content }}<|end|>
      {%- endfor %}
      {%- if add_generation_prompt %}<|assistant|>{% endif %}""";

  private static ChatTemplate template(String jinja) {
    return ChatTemplate.of(jinja, Map.of("bos_token", "<s>", "eos_token", "</s>"));
  }

  @ParameterizedTest
  @CsvSource({"qwen-tools,HERMES", "llama3-tools,OBJECT", "phi,HERMES"})
  void theFormIsTheTemplatesOwn(String name, ToolCallForm form) throws Exception {
    assertThat(ToolCallForm.of(template(Files.readString(TEMPLATES.resolve(name + ".jinja")))))
        .contains(form);
  }

  @Test
  void listsAreKnownAndStrangeFormsAreNot() {
    assertThat(ToolCallForm.of(template(LISTING))).contains(ToolCallForm.LIST);
    assertThat(ToolCallForm.of(template(STRANGE))).isEmpty();
  }

  @Test
  void aFormReadsItsOwnCallsOnly() {
    var list =
        "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {}}, {\"name\": \"g\", \"arguments\": {}}]";
    var object = "{\"name\": \"f\", \"parameters\": {\"x\": 1}}";
    assertThat(ToolCallForm.LIST.read(list).calls()).hasSize(2);
    assertThat(ToolCallForm.LIST.read("[TOOL_CALLS] f()").unreadable()).isEqualTo(1);
    assertThat(ToolCallForm.LIST.read("[1, 2]").any()).isFalse();
    assertThat(ToolCallForm.OBJECT.read(object).calls().getFirst().arguments())
        .isEqualTo("{\"x\":1}");
    assertThat(ToolCallForm.OBJECT.read("<|python_tag|>" + object).calls()).hasSize(1);
    assertThat(ToolCallForm.OBJECT.read("{\"answer\": 42}").any()).isFalse();
    assertThat(ToolCallForm.HERMES.read(object).any()).isFalse();
    assertThat(ToolCallForm.HERMES.read("no call at all").any()).isFalse();
  }
}
