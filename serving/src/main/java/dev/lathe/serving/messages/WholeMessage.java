package dev.lathe.serving.messages;

import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.wire.WireError;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A chat completion as Anthropic's message. */
final class WholeMessage {
  private WholeMessage() {}

  /**
   * @throws WireError 502, when a call's arguments are no JSON object
   */
  static ObjectNode of(ObjectNode completion) {
    var choice = completion.path("choices").path(0);
    var said = choice.path("message");
    var message = begun(completion);
    content(said, choice, (ArrayNode) message.get("content"));
    boolean called = !said.path("tool_calls").isEmpty();
    stopped(message, choice, called);
    message.set("usage", usage(completion.path("usage")));
    return message;
  }

  /** Everything but what is said. */
  static ObjectNode begun(ObjectNode answer) {
    var message = Json.object();
    message.set("id", answer.path("id"));
    message.put("type", "message").put("role", "assistant");
    message.set("model", answer.path("model"));
    message.putArray("content");
    return message.putNull("stop_reason").putNull("stop_sequence");
  }

  private static void content(JsonNode said, JsonNode choice, ArrayNode blocks) {
    var thoughts = said.path("thinking_blocks");
    thoughts.forEach(blocks::add);
    var thought = thought(said);
    if (thoughts.isEmpty() && !thought.isEmpty()) {
      blocks.addObject().put("type", "thinking").put("thinking", thought).put("signature", "");
    }
    for (var words : new String[] {"content", "refusal"}) {
      var text = said.path(words).asString("");
      if (!text.isEmpty()) {
        blocks.addObject().put("type", "text").put("text", text);
      }
    }
    for (var call : said.path("tool_calls")) {
      blocks
          .addObject()
          .put("type", "tool_use")
          .put("id", id(call))
          .put("name", call.path("function").path("name").asString(""))
          .set("input", input(call, choice));
    }
  }

  /** Servers call it by one of two names. */
  static String thought(JsonNode said) {
    var thought = said.path("reasoning_content").asString("");
    return thought.isEmpty() ? said.path("reasoning").asString("") : thought;
  }

  /** The client answers a call by its id, and some servers give none. */
  static String id(JsonNode call) {
    var id = call.path("id").asString("");
    return id.isEmpty() ? "toolu_" + UUID.randomUUID().toString().replace("-", "") : id;
  }

  private static ObjectNode input(JsonNode call, JsonNode choice) {
    var text = call.path("function").path("arguments").asString("");
    var input = text.isBlank() ? Json.object() : Json.object(text);
    if (input != null) {
      return input;
    }
    if (choice.path("finish_reason").asString("").equals("length")) {
      return Json.object(); // the answer was cut off in them
    }
    throw WireError.upstream(
        "upstream_garbage",
        "The model called '%s' with arguments that are no JSON object. Ask again."
            .formatted(call.path("function").path("name").asString("")));
  }

  /**
   * Why an answer ended.
   *
   * @param to its {@code stop_reason} and {@code stop_sequence} are set
   */
  static void stopped(ObjectNode to, JsonNode choice, boolean called) {
    var sequence = choice.path("stop_reason");
    var reason =
        switch (choice.path("finish_reason").asString("stop")) {
          case "length" -> "max_tokens";
          case "content_filter" -> "refusal";
          case "tool_calls", "function_call" -> "tool_use";
          default -> called ? "tool_use" : sequence.isString() ? "stop_sequence" : "end_turn";
        };
    to.put("stop_reason", reason);
    to.put("stop_sequence", reason.equals("stop_sequence") ? sequence.stringValue() : null);
  }

  /** What came from a cache and went to one is counted apart there. */
  static ObjectNode usage(JsonNode usage) {
    var details = usage.path("prompt_tokens_details");
    int cached = details.path("cached_tokens").asInt(0);
    int written = details.path("cache_write_tokens").asInt(0);
    int all = usage.path("prompt_tokens").asInt(0);
    return Json.object()
        .put("input_tokens", Math.max(0, all - cached - written))
        .put("cache_creation_input_tokens", written)
        .put("cache_read_input_tokens", cached)
        .put("output_tokens", usage.path("completion_tokens").asInt(0));
  }
}
