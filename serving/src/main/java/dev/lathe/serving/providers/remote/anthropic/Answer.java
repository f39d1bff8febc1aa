package dev.lathe.serving.providers.remote.anthropic;

import dev.lathe.serving.providers.remote.translation.Answers;
import dev.lathe.serving.providers.remote.translation.Answers.Usage;
import dev.lathe.serving.providers.remote.translation.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Anthropic's whole answer as a chat completion. */
final class Answer {
  private Answer() {}

  /** Null for what is no answer of theirs. */
  static @Nullable ObjectNode whole(ObjectNode answer) {
    if (!(answer.get("content") instanceof ArrayNode blocks)) {
      return null;
    }
    var text = new StringBuilder();
    var reasoning = new StringBuilder();
    var thoughts = Json.list();
    var calls = Json.list();
    for (var block : blocks) {
      switch (block.path("type").asString("")) {
        case "text" -> text.append(block.path("text").asString(""));
        case "thinking" -> {
          reasoning.append(block.path("thinking").asString(""));
          thoughts.add(block);
        }
        case "redacted_thinking" -> thoughts.add(block);
        case "tool_use" ->
            calls.add(
                Answers.call(
                    block.path("id").asString(""),
                    block.path("name").asString(""),
                    block.path("input").toString()));
        default -> {} // what the provider did by itself is no part of OpenAI's answer
      }
    }
    var message = Json.object().put("role", "assistant");
    message.put("content", text.isEmpty() && !calls.isEmpty() ? null : text.toString());
    if (!reasoning.isEmpty()) {
      message.put("reasoning_content", reasoning.toString());
    }
    if (!thoughts.isEmpty()) {
      message.set("thinking_blocks", thoughts);
    }
    if (!calls.isEmpty()) {
      message.set("tool_calls", calls);
    }
    var completion =
        Answers.completion(
            message, finish(answer.path("stop_reason").asString("")), usage(answer.path("usage")));
    Answers.stopped(completion, answer.path("stop_sequence"));
    return completion;
  }

  static String finish(String reason) {
    return switch (reason) {
      case "max_tokens", "model_context_window_exceeded" -> "length";
      case "tool_use" -> "tool_calls";
      case "refusal" -> "content_filter";
      default -> "stop";
    };
  }

  static Usage usage(JsonNode usage) {
    int cached = usage.path("cache_read_input_tokens").asInt(0);
    int written = usage.path("cache_creation_input_tokens").asInt(0);
    return new Usage(
        usage.path("input_tokens").asInt(0) + cached + written,
        usage.path("output_tokens").asInt(0),
        cached,
        written,
        usage.path("output_tokens_details").path("thinking_tokens").asInt(0));
  }
}
