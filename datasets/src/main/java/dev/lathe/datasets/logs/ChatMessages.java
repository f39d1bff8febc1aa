package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** OpenAI's chat messages, which several formats hold. */
final class ChatMessages {
  private ChatMessages() {}

  static List<Message> list(@Nullable JsonNode array) throws Malformed {
    if (array == null || !array.isArray()) {
      throw new Malformed("'messages' is no list");
    }
    var messages = new ArrayList<Message>(array.size());
    for (var node : array) {
      messages.add(one(node, messages.size() + 1));
    }
    return messages;
  }

  static Message one(JsonNode node, int number) throws Malformed {
    if (!node.isObject()) {
      throw new Malformed("message " + number + " is no object");
    }
    var name = node.path("role").asString("");
    var role =
        role(name).orElseThrow(() -> new Malformed("message " + number + ": role '" + name + "'"));
    var calls = role == Role.ASSISTANT ? toolCalls(node, number) : List.<ToolCall>of();
    var content = node.get("content");
    if ((content == null || content.isNull()) && calls.isEmpty() && role == Role.ASSISTANT) {
      content = node.get("refusal");
    }
    var text = text(content, number);
    if (text == null && calls.isEmpty()) {
      throw new Malformed("message " + number + " has no content");
    }
    return new Message(
        role,
        text == null ? "" : text,
        calls,
        role == Role.TOOL ? Entries.optionalText(node, "tool_call_id") : null,
        Entries.optionalText(node, "name"),
        role == Role.ASSISTANT ? weight(node, number) : 1);
  }

  private static Optional<Role> role(String name) {
    return Optional.ofNullable(
        switch (name) {
          case "system", "developer" -> Role.SYSTEM;
          case "user" -> Role.USER;
          case "assistant" -> Role.ASSISTANT;
          case "tool", "function" -> Role.TOOL;
          default -> null;
        });
  }

  private static double weight(JsonNode node, int number) throws Malformed {
    var weight = node.get("weight");
    if (weight == null || weight.isNull()) {
      return 1;
    }
    double value = weight.asDouble(Double.NaN);
    if (!(value >= 0 && value <= 1)) {
      throw new Malformed("message " + number + ": a weight lies between 0 and 1: " + weight);
    }
    return value;
  }

  /** Text, or the text parts of a list; pictures and sound cannot be learned from and are said. */
  private static @Nullable String text(@Nullable JsonNode content, int number) throws Malformed {
    if (content == null || content.isNull()) {
      return null;
    }
    if (content.isString()) {
      return content.stringValue();
    }
    if (!content.isArray()) {
      throw new Malformed("message " + number + ": the content is neither text nor parts");
    }
    var parts = new ArrayList<String>();
    for (var part : content) {
      if (part.isString()) {
        parts.add(part.stringValue());
        continue;
      }
      var type = part.path("type").asString("");
      var text = part.get("refusal".equals(type) ? "refusal" : "text");
      if (text == null || !text.isString()) {
        throw new Malformed(
            "message " + number + " holds a part of type '" + type + "'; only text can be read");
      }
      parts.add(text.stringValue());
    }
    return String.join("\n", parts);
  }

  private static List<ToolCall> toolCalls(JsonNode message, int number) throws Malformed {
    var calls = new ArrayList<ToolCall>();
    var listed = message.get("tool_calls");
    if (listed != null && listed.isArray()) {
      for (var call : listed) {
        calls.add(toolCall(call.path("function"), call.path("id").asString(""), number));
      }
    }
    var legacy = message.get("function_call");
    if (legacy != null && legacy.isObject()) {
      calls.add(toolCall(legacy, "", number));
    }
    return calls;
  }

  private static ToolCall toolCall(JsonNode function, String id, int number) throws Malformed {
    var name = function.path("name").asString("");
    if (name.isBlank()) {
      throw new Malformed("message " + number + " calls a tool without a name");
    }
    var arguments = function.get("arguments");
    if (arguments == null || arguments.isNull()) {
      return new ToolCall(id, name, "{}");
    }
    return new ToolCall(
        id, name, arguments.isString() ? arguments.stringValue() : arguments.toString());
  }

  /** The declared tools as JSON texts, the older {@code functions} in the newer shape. */
  static List<String> tools(JsonNode entry) {
    var tools = new ArrayList<String>();
    if (entry.path("tools").isArray()) {
      entry.get("tools").forEach(tool -> tools.add(tool.toString()));
    }
    if (entry.path("functions").isArray()) {
      entry
          .get("functions")
          .forEach(f -> tools.add("{\"type\":\"function\",\"function\":" + f + "}"));
    }
    return tools;
  }
}
