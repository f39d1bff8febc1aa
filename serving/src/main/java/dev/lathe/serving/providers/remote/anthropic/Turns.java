package dev.lathe.serving.providers.remote.anthropic;

import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.providers.remote.translation.Taken;
import dev.lathe.serving.providers.remote.translation.Tools;
import dev.lathe.serving.wire.ChatMessage;
import dev.lathe.serving.wire.ContentPart;
import dev.lathe.serving.wire.WireError;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A conversation as Anthropic has it: the system's words stand apart, user and assistant take
 * turns, and what a tool found is told by the user.
 */
final class Turns {
  private final ArrayNode turns = Json.list();
  private final Taken taken;

  private Turns(Taken taken) {
    this.taken = taken;
  }

  static void write(List<ChatMessage> messages, ObjectNode body, Taken taken) {
    var system = Json.list();
    var turns = new Turns(taken);
    for (var message : messages) {
      if (message.json().hasNonNull("name")) {
        taken.ignored("messages.name");
      }
      switch (message.role()) {
        case SYSTEM -> turns.parts(message, system);
        case USER -> turns.parts(message, turns.of("user"));
        case ASSISTANT -> turns.assistant(message);
        case TOOL -> turns.found(message);
      }
    }
    if (turns.turns.isEmpty()) {
      throw WireError.invalid(
          "messages",
          "invalid_value",
          "'messages' are the system's alone; Anthropic wants a user's. Add one.");
    }
    if (!system.isEmpty()) {
      body.set("system", system);
    }
    body.set("messages", turns.turns);
  }

  /** What a side says now: a new turn, or more of the one that is under way. */
  private ArrayNode of(String role) {
    if (!turns.isEmpty()
        && turns.get(turns.size() - 1) instanceof ObjectNode last
        && last.path("role").asString("").equals(role)
        && last.get("content") instanceof ArrayNode content) {
      return content;
    }
    return turns.addObject().put("role", role).putArray("content");
  }

  private void assistant(ChatMessage message) {
    var thoughts = message.json().path("thinking_blocks");
    if (parts(message).isEmpty() && message.calls().isEmpty() && thoughts.isEmpty()) {
      return; // an empty turn is refused there
    }
    var content = of("assistant");
    thoughts.forEach(content::add);
    if (thoughts.isEmpty() && message.json().hasNonNull("reasoning_content")) {
      taken.ignored("messages.reasoning_content"); // unsigned thought is not taken back
    }
    parts(message, content);
    for (int i = 0; i < message.calls().size(); i++) {
      var call = message.calls().get(i);
      content
          .addObject()
          .put("type", "tool_use")
          .put("id", call.id())
          .put("name", call.name())
          .set("input", Tools.arguments(message, i));
    }
  }

  private void found(ChatMessage message) {
    var result =
        of("user").addObject().put("type", "tool_result").put("tool_use_id", message.callId());
    var content = result.putArray("content");
    parts(message, content);
    if (message.json().path("is_error").asBoolean(false)) {
      result.put("is_error", true);
    }
  }

  /** Empty texts are refused there, and say nothing. */
  private static List<ContentPart> parts(ChatMessage message) {
    return message.parts().stream()
        .filter(p -> !(p instanceof ContentPart.Text text && text.text().isEmpty()))
        .toList();
  }

  private void parts(ChatMessage message, ArrayNode to) {
    for (var part : parts(message)) {
      to.add(block(part));
    }
    if (message.json().path("content").isArray()) {
      for (var part : message.json().path("content")) {
        if (!part.path("image_url").path("detail").asString("auto").equals("auto")) {
          taken.ignored("messages.image_url.detail");
        }
      }
    }
  }

  private static ObjectNode block(ContentPart part) {
    return switch (part) {
      case ContentPart.Text text -> Json.object().put("type", "text").put("text", text.text());
      case ContentPart.Image image -> {
        var block = Json.object().put("type", "image");
        source(block, image.type(), image.base64());
        yield block;
      }
      case ContentPart.ImageLink link -> {
        var block = Json.object().put("type", "image");
        block.putObject("source").put("type", "url").put("url", link.url());
        yield block;
      }
      case ContentPart.Document document -> {
        var block = Json.object().put("type", "document");
        source(block, document.type(), document.base64());
        if (!document.name().isEmpty()) {
          block.put("title", document.name());
        }
        yield block;
      }
    };
  }

  private static void source(ObjectNode block, String type, String base64) {
    block.putObject("source").put("type", "base64").put("media_type", type).put("data", base64);
  }
}
