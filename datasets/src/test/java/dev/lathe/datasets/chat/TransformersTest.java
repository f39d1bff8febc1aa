package dev.lathe.datasets.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.jinja.Rendering;
import dev.lathe.datasets.chat.jinja.Template;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Holds our Jinja to what Hugging Face transformers writes; {@code
 * benchmarks/reference/chat_templates.py} made expected.json with it.
 */
class TransformersTest {
  static final Clock THEN = Clock.fixed(Instant.parse("2026-03-07T09:05:08Z"), ZoneOffset.UTC);

  private final JsonNode expected = JsonMapper.shared().readTree(resource("expected.json"));

  @Test
  void snippetsRenderAsInPython() {
    var values = plainMap(expected.get("values"));
    var softly = new SoftAssertions();
    for (var snippet : expected.get("snippets")) {
      var source = snippet.get("template").asString();
      var wanted = snippet.get("text").isNull() ? null : snippet.get("text").asString();
      softly.assertThat(rendered(source, values)).as(source).isEqualTo(wanted);
    }
    softly.assertAll();
  }

  @Test
  void chatsRenderAsInTransformersAndAreRefusedWhereItRefuses() {
    var special = plainMap(expected.get("special"));
    var templates = new LinkedHashMap<String, Template>();
    var softly = new SoftAssertions();
    int texts = 0;
    for (var chat : expected.get("chats")) {
      var name = chat.get("template").asString();
      var template =
          templates.computeIfAbsent(name, n -> Template.parse(resource("templates/" + n), THEN));
      var conversation = expected.get("conversations").get(chat.get("conversation").asInt());
      var variables = new LinkedHashMap<String, @Nullable Object>(special);
      variables.put("messages", Plain.of(conversation.get("messages")));
      variables.put(
          "tools", conversation.has("tools") ? Plain.of(conversation.get("tools")) : null);
      variables.put("documents", null);
      variables.put("add_generation_prompt", chat.get("prompt").asBoolean());
      var wanted = chat.get("text").isNull() ? null : chat.get("text").asString();
      texts += wanted == null ? 0 : 1;
      @Nullable Rendering ours;
      try {
        ours = template.render(variables, List.of());
      } catch (BadInput e) {
        ours = null;
      }
      softly
          .assertThat(ours == null ? null : ours.text())
          .as("%s, conversation %s", name, chat.get("conversation"))
          .isEqualTo(wanted);
      if (ours != null && wanted != null) {
        softly.assertThat(spans(ours, wanted)).isEqualTo(chat.get("generations").toString());
      }
    }
    softly.assertAll();
    assertThat(texts).isGreaterThan(200);
  }

  private static @Nullable String rendered(String source, Map<String, @Nullable Object> values) {
    try {
      return Template.parse(source, THEN).render(values, List.of()).text();
    } catch (BadInput e) {
      return null;
    }
  }

  /** Generation blocks in code points, as Python counts. */
  private static String spans(Rendering ours, String text) {
    var out = new ArrayList<String>();
    for (var g : ours.generations()) {
      out.add(
          "[%d,%d]".formatted(text.codePointCount(0, g.start()), text.codePointCount(0, g.end())));
    }
    return "[" + String.join(",", out) + "]";
  }

  @SuppressWarnings("unchecked")
  private static Map<String, @Nullable Object> plainMap(JsonNode node) {
    return (Map<String, @Nullable Object>) Objects.requireNonNull(Plain.of(node));
  }

  static String resource(String name) {
    try (var in = TransformersTest.class.getResourceAsStream("/chat/" + name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(name, e);
    }
  }
}
