package dev.lathe.serving.providers.remote.cohere;

import dev.lathe.serving.providers.remote.translation.Answers;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Told;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Translation;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Cohere's events as chunks (https://docs.cohere.com/v2/docs/streaming). */
final class AnswerStream implements Translation {
  private int calls;

  @Override
  public void event(ObjectNode event, Told told) {
    var message = event.path("delta").path("message");
    switch (event.path("type").asString("")) {
      case "content-start", "content-delta" -> content(message.path("content"), told);
      case "tool-plan-delta" -> text("content", message.path("tool_plan"), told);
      case "tool-call-start" -> {
        var call = message.path("tool_calls");
        told.delta(
            Answers.callBegun(
                calls++,
                call.path("id").asString(""),
                call.path("function").path("name").asString(""),
                call.path("function").path("arguments").asString("")));
      }
      case "tool-call-delta" -> {
        var more = message.path("tool_calls").path("function").path("arguments").asString("");
        if (!more.isEmpty()) {
          told.delta(Answers.callContinued(calls - 1, more));
        }
      }
      case "message-end" -> end(event.path("delta"), told);
      default -> {} // message-start, citations, and what may come to be said
    }
  }

  private static void content(JsonNode content, Told told) {
    text("content", content.path("text"), told);
    text("reasoning_content", content.path("thinking"), told);
  }

  private static void text(String name, JsonNode text, Told told) {
    if (text.isString() && !text.stringValue().isEmpty()) {
      told.delta(Json.object().put(name, text.stringValue()));
    }
  }

  private static void end(JsonNode delta, Told told) {
    var reason = delta.path("finish_reason").asString("");
    if (Answer.failed(reason)) {
      told.chunk(Answer.failure(reason, delta.path("error")));
      return;
    }
    told.finish(Answer.finish(reason));
    told.chunk(Answers.usage(Answer.usage(delta.path("usage"))));
    told.done();
  }
}
