package dev.lathe.serving.providers.remote.cohere;

import dev.lathe.serving.providers.remote.translation.Answers;
import dev.lathe.serving.providers.remote.translation.Answers.Usage;
import dev.lathe.serving.providers.remote.translation.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Cohere's whole answer as a chat completion. */
final class Answer {
  private Answer() {}

  /** Null for what is no answer of theirs. */
  static @Nullable ObjectNode whole(ObjectNode answer) {
    if (!(answer.get("message") instanceof ObjectNode said)) {
      return null;
    }
    var reason = answer.path("finish_reason").asString("");
    if (failed(reason)) {
      return failure(reason, answer.path("error"));
    }
    var text = new StringBuilder();
    var reasoning = new StringBuilder();
    for (var part : said.path("content")) {
      text.append(part.path("text").asString(""));
      reasoning.append(part.path("thinking").asString(""));
    }
    var message = Json.object().put("role", "assistant");
    var calls = said.path("tool_calls");
    if (calls.isEmpty()) {
      message.put("content", text.toString());
    } else {
      var plan = text.isEmpty() ? said.path("tool_plan").asString("") : text.toString();
      message.put("content", plan.isEmpty() ? null : plan);
      var list = message.putArray("tool_calls");
      for (var call : calls) {
        list.add(
            Answers.call(
                call.path("id").asString(""),
                call.path("function").path("name").asString(""),
                call.path("function").path("arguments").asString("{}")));
      }
    }
    if (!reasoning.isEmpty()) {
      message.put("reasoning_content", reasoning.toString());
    }
    return Answers.completion(message, finish(reason), usage(answer.path("usage")));
  }

  /** Whether an answer ended because something broke there. */
  static boolean failed(String reason) {
    return reason.equals("ERROR") || reason.equals("TIMEOUT");
  }

  static ObjectNode failure(String reason, JsonNode told) {
    boolean late = reason.equals("TIMEOUT");
    return Answers.error(
        told.asString(late ? "it took too long" : "it failed without saying why"),
        "server_error",
        late ? 504 : 500);
  }

  static String finish(String reason) {
    return switch (reason) {
      case "MAX_TOKENS" -> "length";
      case "TOOL_CALL" -> "tool_calls";
      case "ERROR_TOXIC" -> "content_filter";
      default -> "stop";
    };
  }

  /** Tokens, not what is billed of them. */
  static Usage usage(JsonNode usage) {
    var tokens =
        usage.path("tokens").isObject() ? usage.path("tokens") : usage.path("billed_units");
    return new Usage(
        (int) tokens.path("input_tokens").asDouble(0),
        (int) tokens.path("output_tokens").asDouble(0),
        (int) usage.path("cached_tokens").asDouble(0),
        0,
        0);
  }
}
