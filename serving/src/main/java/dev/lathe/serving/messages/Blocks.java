package dev.lathe.serving.messages;

import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.wire.WireError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Anthropic's turns of blocks, as OpenAI's messages. */
final class Blocks {
  private final ArrayNode messages = Json.list();
  private final Set<String> ignored;

  /**
   * @param ignored takes the names of what is dropped
   */
  Blocks(Set<String> ignored) {
    this.ignored = ignored;
  }

  ArrayNode written() {
    return messages;
  }

  /** A text, or blocks of text, which become one. */
  void system(@Nullable JsonNode system) {
    if (system != null) {
      messages.addObject().put("role", "system").put("content", words(system, "system"));
    }
  }

  void turns(@Nullable JsonNode turns) {
    if (turns == null || !turns.isArray() || turns.isEmpty()) {
      throw WireError.invalid(
          "messages",
          "missing_required_parameter",
          "'messages' is missing or empty. Send at least one message: {\"role\": \"user\", \"content\": …}.");
    }
    for (int i = 0; i < turns.size(); i++) {
      var at = "messages[" + i + "]";
      var turn = turns.get(i);
      var content = turn.path("content");
      if (!content.isString() && !content.isArray()) {
        throw WireError.invalid(
            at + ".content",
            "invalid_type",
            "'" + at + ".content' is a text, or a list of blocks.");
      }
      switch (turn.path("role").asString("")) {
        case "user" -> user(content, at + ".content");
        case "assistant" -> assistant(content, at + ".content");
        case "system" -> system(content);
        default ->
            throw WireError.invalid(
                at + ".role", "invalid_value", "'" + at + ".role' is user or assistant.");
      }
    }
  }

  /** What tools found comes first: OpenAI wants it right behind the calls. */
  private void user(JsonNode content, String at) {
    if (content.isString()) {
      messages.addObject().put("role", "user").set("content", content);
      return;
    }
    var parts = Json.list();
    for (int i = 0; i < content.size(); i++) {
      var block = content.get(i);
      var here = at + "[" + i + "]";
      if (block.path("type").asString("").equals("tool_result")) {
        found(block, here, parts);
      } else {
        parts.add(part(block, here));
      }
    }
    if (parts.isEmpty() && !content.isEmpty()) {
      return;
    }
    var message = messages.addObject().put("role", "user");
    if (parts.size() == 1 && parts.get(0).path("type").asString("").equals("text")) {
      message.set("content", parts.get(0).get("text"));
    } else if (parts.isEmpty()) {
      message.put("content", "");
    } else {
      message.set("content", parts);
    }
  }

  /** A tool's message is text; what it shows is shown by the user after it. */
  private void found(JsonNode block, String at, ArrayNode parts) {
    hints(block);
    if (block.path("is_error").asBoolean(false)) {
      ignored.add("messages.tool_result.is_error");
    }
    if (!block.path("tool_use_id").isString()) {
      throw WireError.invalid(
          at + ".tool_use_id",
          "missing_required_parameter",
          "'" + at + ".tool_use_id' is missing. It names the call that this answers.");
    }
    var content = block.path("content");
    var text = new StringBuilder();
    if (content.isString()) {
      text.append(content.stringValue());
    } else {
      for (int i = 0; i < content.size(); i++) {
        var part = part(content.get(i), at + ".content[" + i + "]");
        if (part.path("type").asString("").equals("text")) {
          text.append(part.path("text").asString(""));
        } else {
          parts.add(part);
        }
      }
    }
    messages
        .addObject()
        .put("role", "tool")
        .put("tool_call_id", block.path("tool_use_id").stringValue())
        .put("content", text.toString());
  }

  private void assistant(JsonNode content, String at) {
    if (content.isString()) {
      messages.addObject().put("role", "assistant").set("content", content);
      return;
    }
    var text = new StringBuilder();
    var calls = Json.list();
    for (int i = 0; i < content.size(); i++) {
      var block = content.get(i);
      var here = at + "[" + i + "]";
      switch (block.path("type").asString("")) {
        case "text" -> {
          hints(block);
          text.append(block.path("text").asString(""));
        }
        case "tool_use" -> {
          hints(block);
          var call = calls.addObject().put("type", "function");
          call.set("id", block.path("id"));
          call.putObject("function")
              .put("name", block.path("name").asString(""))
              .put(
                  "arguments",
                  block.path("input").isObject() ? block.path("input").toString() : "{}");
        }
        case "thinking", "redacted_thinking" -> ignored.add("messages.thinking");
        default -> throw unsaid(block, here);
      }
    }
    var message = messages.addObject().put("role", "assistant");
    message.put("content", text.isEmpty() && !calls.isEmpty() ? null : text.toString());
    if (!calls.isEmpty()) {
      message.set("tool_calls", calls);
    }
  }

  private ObjectNode part(JsonNode block, String at) {
    hints(block);
    var source = block.path("source");
    var kind = source.path("type").asString("");
    return switch (block.path("type").asString("")) {
      case "text" -> Json.object().put("type", "text").put("text", block.path("text").asString(""));
      case "image" -> {
        if (!kind.equals("base64") && !kind.equals("url")) {
          throw unsaid(source, at + ".source");
        }
        var part = Json.object().put("type", "image_url");
        part.putObject("image_url")
            .put("url", kind.equals("url") ? source.path("url").asString("") : data(source));
        yield part;
      }
      case "document" -> {
        if (kind.equals("text")) {
          yield Json.object().put("type", "text").put("text", source.path("data").asString(""));
        }
        if (!kind.equals("base64")) {
          throw unsaid(source, at + ".source");
        }
        var part = Json.object().put("type", "file");
        var file = part.putObject("file");
        if (block.path("title").isString()) {
          file.set("filename", block.get("title"));
        }
        file.put("file_data", data(source));
        yield part;
      }
      default -> throw unsaid(block, at);
    };
  }

  private static String data(JsonNode source) {
    return "data:%s;base64,%s"
        .formatted(source.path("media_type").asString(""), source.path("data").asString(""));
  }

  private void hints(JsonNode block) {
    for (var hint : List.of("cache_control", "citations")) {
      if (block.hasNonNull(hint)) {
        ignored.add(hint);
      }
    }
  }

  private String words(JsonNode content, String at) {
    if (content.isString()) {
      return content.stringValue();
    }
    if (!content.isArray()) {
      throw WireError.invalid(
          at, "invalid_type", "'" + at + "' is a text, or a list of blocks of text.");
    }
    var words = new ArrayList<String>();
    for (int i = 0; i < content.size(); i++) {
      var block = content.get(i);
      hints(block);
      if (!block.path("text").isString()) {
        throw unsaid(block, at + "[" + i + "]");
      }
      words.add(block.path("text").stringValue());
    }
    return words.stream().collect(Collectors.joining("\n\n"));
  }

  private static WireError unsaid(JsonNode block, String at) {
    return WireError.invalid(
        at + ".type",
        "unsupported_value",
        "A block of type '%s' cannot be told to other models. Send text, image, document, tool_use or tool_result."
            .formatted(block.path("type").asString("")));
  }
}
