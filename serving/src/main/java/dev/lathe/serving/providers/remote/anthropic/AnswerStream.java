package dev.lathe.serving.providers.remote.anthropic;

import dev.lathe.serving.providers.remote.translation.Answers;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Told;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Translation;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Anthropic's events as chunks (https://docs.claude.com/en/docs/build-with-claude/streaming).
 * Blocks are numbered over the whole answer, OpenAI's calls among themselves.
 */
final class AnswerStream implements Translation {
  private final Map<Integer, Integer> calls = new HashMap<>();
  private final ObjectNode usage = Json.object();
  private @Nullable ObjectNode thought;

  @Override
  public void event(ObjectNode event, Told told) {
    switch (event.path("type").asString("")) {
      case "message_start" -> used(event.path("message").path("usage"));
      case "content_block_start" ->
          begin(event.path("index").asInt(0), event.path("content_block"), told);
      case "content_block_delta" -> more(event.path("index").asInt(0), event.path("delta"), told);
      case "content_block_stop" -> end(told);
      case "message_delta" -> {
        used(event.path("usage"));
        finish(event.path("delta"), told);
      }
      case "message_stop" -> {
        told.chunk(Answers.usage(Answer.usage(usage)));
        told.done();
      }
      case "error" -> told.chunk(error(event.path("error")));
      default -> {} // ping, and what may come to be said
    }
  }

  private void begin(int index, JsonNode block, Told told) {
    switch (block.path("type").asString("")) {
      case "tool_use" -> {
        int call = calls.size();
        calls.put(index, call);
        told.delta(
            Answers.callBegun(
                call, block.path("id").asString(""), block.path("name").asString(""), ""));
      }
      case "thinking" ->
          thought = Json.object().put("type", "thinking").put("thinking", "").put("signature", "");
      case "redacted_thinking" -> thoughts(block, told);
      case "text" -> {
        var text = block.path("text").asString("");
        told.delta(Json.object().put("content", text));
      }
      default -> {}
    }
  }

  private void more(int index, JsonNode delta, Told told) {
    switch (delta.path("type").asString("")) {
      case "text_delta" -> told.delta(Json.object().put("content", text(delta, "text")));
      case "input_json_delta" -> {
        var call = calls.get(index);
        if (call != null && !text(delta, "partial_json").isEmpty()) {
          told.delta(Answers.callContinued(call, text(delta, "partial_json")));
        }
      }
      case "thinking_delta" -> {
        append("thinking", text(delta, "thinking"));
        told.delta(Json.object().put("reasoning_content", text(delta, "thinking")));
      }
      case "signature_delta" -> append("signature", text(delta, "signature"));
      default -> {}
    }
  }

  private static String text(JsonNode delta, String name) {
    return delta.path(name).asString("");
  }

  private void append(String name, String more) {
    if (thought != null) {
      thought.put(name, thought.path(name).asString("") + more);
    }
  }

  /** A thought is told once more when it is whole and signed: only so is it taken back. */
  private void end(Told told) {
    if (thought != null) {
      thoughts(thought, told);
      thought = null;
    }
  }

  private static void thoughts(JsonNode block, Told told) {
    var delta = Json.object();
    delta.putArray("thinking_blocks").add(block);
    told.delta(delta);
  }

  private void finish(JsonNode delta, Told told) {
    var reason = delta.path("stop_reason");
    if (reason.isString()) {
      told.finish(Answer.finish(reason.stringValue()), delta.path("stop_sequence"));
    }
  }

  /** Counts are told at the beginning and again at the end, where they are sums. */
  private void used(JsonNode counts) {
    counts.properties().stream()
        .filter(c -> !c.getValue().isNull())
        .forEach(c -> usage.set(c.getKey(), c.getValue()));
  }

  private static ObjectNode error(JsonNode error) {
    var type = error.path("type").asString("api_error");
    int status =
        switch (type) {
          case "invalid_request_error" -> 400;
          case "authentication_error" -> 401;
          case "permission_error" -> 403;
          case "not_found_error" -> 404;
          case "request_too_large" -> 413;
          case "rate_limit_error" -> 429;
          case "timeout_error" -> 504;
          case "overloaded_error" -> 529;
          default -> 500;
        };
    return Answers.error(error.path("message").asString("it does not say why"), type, status);
  }
}
