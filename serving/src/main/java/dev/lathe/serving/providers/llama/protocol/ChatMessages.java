package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The messages and functions of a chat request, in OpenAI's shape. */
final class ChatMessages {
  private static final int MOST_MESSAGES = 10_000;
  private static final int MOST_TOOLS = 512;

  private ChatMessages() {}

  static List<Message> read(Fields request) {
    var list = request.list("messages", MOST_MESSAGES);
    if (list == null || list.isEmpty()) {
      throw Refusal.of("messages", "'messages' must be a list of at least one message");
    }
    var messages = new ArrayList<Message>();
    for (int i = 0; i < list.size(); i++) {
      messages.add(message(list.get(i), "messages[" + i + "]"));
    }
    return messages;
  }

  /** The functions offered, each the JSON text of its declaration. */
  static List<String> tools(Fields request) {
    var list = request.list("tools", MOST_TOOLS);
    if (list == null) {
      return List.of();
    }
    for (var tool : list) {
      if (!tool.path("function").path("name").isString()) {
        throw Refusal.of("tools", "each of 'tools' must be an object with a named 'function'");
      }
    }
    return list.stream().map(JsonNode::toString).toList();
  }

  private static Message message(JsonNode node, String where) {
    if (!(node instanceof ObjectNode object)) {
      throw Refusal.of(where, where + " must be an object");
    }
    var fields = new Fields(object);
    var role = role(fields, where);
    var calls = role == Role.ASSISTANT ? calls(fields, where) : List.<ToolCall>of();
    var content = content(fields.get("content"), where);
    if (content == null && calls.isEmpty()) {
      throw Refusal.of(where + ".content", where + " says nothing: its 'content' is missing");
    }
    return new Message(
        role,
        content == null ? "" : content,
        calls,
        role == Role.TOOL ? fields.text("tool_call_id") : null,
        fields.text("name"),
        1);
  }

  private static Role role(Fields fields, String where) {
    var role = fields.text("role");
    return switch (role) {
      case "system", "developer" -> Role.SYSTEM;
      case "user" -> Role.USER;
      case "assistant" -> Role.ASSISTANT;
      case "tool", "function" -> Role.TOOL;
      case null, default ->
          throw Refusal.of(
              where + ".role",
              where
                  + ".role must be system, user, assistant or tool"
                  + (role == null ? "" : ", not '" + role + "'"));
    };
  }

  private static @Nullable String content(@Nullable JsonNode content, String where) {
    if (content == null) {
      return null;
    }
    if (content.isString()) {
      return content.stringValue();
    }
    if (!content.isArray()) {
      throw Refusal.of(where + ".content", where + ".content must be text");
    }
    var text = new StringBuilder();
    for (var part : content) {
      if (!part.path("type").asString("").equals("text") || !part.path("text").isString()) {
        throw Refusal.of(
            where + ".content",
            where + ".content holds a part that is no text; this model reads text");
      }
      text.append(part.path("text").stringValue());
    }
    return text.toString();
  }

  private static List<ToolCall> calls(Fields fields, String where) {
    var list = fields.list("tool_calls", MOST_TOOLS);
    if (list == null) {
      return List.of();
    }
    var calls = new ArrayList<ToolCall>();
    for (var node : list) {
      var name = node.path("function").path("name").asString("");
      if (name.isBlank()) {
        throw Refusal.of(where + ".tool_calls", where + " calls a function without a name");
      }
      var arguments = node.path("function").path("arguments");
      calls.add(
          new ToolCall(
              node.path("id").asString(""),
              name,
              arguments.isString()
                  ? arguments.stringValue()
                  : arguments.isMissingNode() ? "{}" : arguments.toString()));
    }
    return calls;
  }
}
