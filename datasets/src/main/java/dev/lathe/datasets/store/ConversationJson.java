package dev.lathe.datasets.store;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A cleaned conversation as one line: OpenAI's chat form, with {@code user}, {@code feedback},
 * {@code metadata} and {@code origin} beside it, so that nothing of the record is lost.
 */
public final class ConversationJson {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private ConversationJson() {}

  /** UTF-8, without a line end. */
  public static byte[] write(Conversation conversation) {
    var out = new ByteArrayOutputStream(1 << 11);
    try (var g = JSON.createGenerator(out)) {
      g.writeStartObject();
      g.writeStringProperty("id", conversation.id());
      messages(g, conversation);
      optional(g, "user", conversation.user());
      var feedback = conversation.feedback();
      if (feedback != null) {
        g.writeNumberProperty("feedback", feedback);
      }
      if (!conversation.metadata().isEmpty()) {
        g.writeObjectPropertyStart("metadata");
        conversation.metadata().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .forEach(e -> g.writeStringProperty(e.getKey(), e.getValue()));
        g.writeEndObject();
      }
      g.writeObjectPropertyStart("origin");
      g.writeStringProperty("file", conversation.origin().file());
      g.writeNumberProperty("line", conversation.origin().line());
      g.writeEndObject();
      g.writeEndObject();
    }
    return out.toByteArray();
  }

  /** Only what OpenAI's fine-tuning takes, and the id. */
  public static byte[] writeOpenAi(Conversation conversation) {
    var out = new ByteArrayOutputStream(1 << 11);
    try (var g = JSON.createGenerator(out)) {
      g.writeStartObject();
      g.writeStringProperty("id", conversation.id());
      messages(g, conversation);
      g.writeEndObject();
    }
    return out.toByteArray();
  }

  private static void messages(JsonGenerator g, Conversation conversation) {
    g.writeArrayPropertyStart("messages");
    for (var message : conversation.messages()) {
      message(g, message);
    }
    g.writeEndArray();
    if (!conversation.tools().isEmpty()) {
      g.writeArrayPropertyStart("tools");
      conversation.tools().forEach(g::writeRawValue);
      g.writeEndArray();
    }
  }

  private static void message(JsonGenerator g, Message message) {
    g.writeStartObject();
    g.writeStringProperty("role", message.role().wire());
    if (message.content().isEmpty() && !message.toolCalls().isEmpty()) {
      g.writeNullProperty("content");
    } else {
      g.writeStringProperty("content", message.content());
    }
    if (!message.toolCalls().isEmpty()) {
      g.writeArrayPropertyStart("tool_calls");
      for (var call : message.toolCalls()) {
        g.writeStartObject();
        g.writeStringProperty("id", call.id());
        g.writeStringProperty("type", "function");
        g.writeObjectPropertyStart("function");
        g.writeStringProperty("name", call.name());
        g.writeStringProperty("arguments", call.arguments());
        g.writeEndObject();
        g.writeEndObject();
      }
      g.writeEndArray();
    }
    optional(g, "tool_call_id", message.toolCallId());
    optional(g, "name", message.name());
    if (message.weight() != 1) {
      g.writeNumberProperty("weight", message.weight());
    }
    g.writeEndObject();
  }

  private static void optional(JsonGenerator g, String key, @Nullable String value) {
    if (value != null) {
      g.writeStringProperty(key, value);
    }
  }

  /** What {@link #write} wrote. */
  public static Conversation read(byte[] line) {
    var node = JSON.readTree(line);
    var messages = new ArrayList<Message>();
    for (var m : node.path("messages")) {
      messages.add(
          new Message(
              role(m.path("role").asString()),
              m.path("content").isNull() ? "" : m.path("content").asString(),
              calls(m.path("tool_calls")),
              text(m, "tool_call_id"),
              text(m, "name"),
              m.path("weight").asDouble(1)));
    }
    var tools = new ArrayList<String>();
    node.path("tools").forEach(t -> tools.add(t.toString()));
    var metadata = new LinkedHashMap<String, String>();
    node.path("metadata")
        .properties()
        .forEach(e -> metadata.put(e.getKey(), e.getValue().asString()));
    var origin = node.path("origin");
    return new Conversation(
        node.path("id").asString(),
        messages,
        tools,
        text(node, "user"),
        node.has("feedback") ? node.get("feedback").asDouble() : null,
        new Conversation.Origin(origin.path("file").asString(), origin.path("line").asLong()),
        metadata);
  }

  private static Role role(String wire) {
    return switch (wire) {
      case "system" -> Role.SYSTEM;
      case "user" -> Role.USER;
      case "assistant" -> Role.ASSISTANT;
      case "tool" -> Role.TOOL;
      default -> throw new IllegalArgumentException("no role: " + wire);
    };
  }

  private static List<ToolCall> calls(JsonNode array) {
    if (array.isEmpty()) {
      return List.of();
    }
    var calls = new ArrayList<ToolCall>();
    for (var call : array) {
      var function = call.path("function");
      calls.add(
          new ToolCall(
              call.path("id").asString(),
              function.path("name").asString(),
              function.path("arguments").asString()));
    }
    return calls;
  }

  private static @Nullable String text(JsonNode node, String key) {
    return node.hasNonNull(key) ? node.get(key).asString() : null;
  }
}
