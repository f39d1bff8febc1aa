package dev.lathe.serving.providers.remote.ollama;

import dev.lathe.serving.providers.remote.translation.Answers;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Told;
import dev.lathe.serving.providers.remote.translation.TranslatedChunks.Translation;
import tools.jackson.databind.node.ObjectNode;

/** Ollama's lines as chunks; a call comes whole in one of them. */
final class AnswerStream implements Translation {
  private int calls;

  @Override
  public void event(ObjectNode event, Told told) {
    var error = event.path("error");
    if (error.isString()) {
      told.chunk(Answers.error(error.stringValue(), "server_error", 500));
      return;
    }
    var message = event.path("message");
    var thought = message.path("thinking").asString("");
    if (!thought.isEmpty()) {
      told.delta(Json.object().put("reasoning_content", thought));
    }
    var text = message.path("content").asString("");
    if (!text.isEmpty() || !event.path("logprobs").isEmpty()) {
      var body = told.worded(Json.object().put("content", text));
      Answer.likelihoods(event, body);
      told.chunk(body);
    }
    for (var call : message.path("tool_calls")) {
      var function = call.path("function");
      told.delta(
          Answers.callBegun(
              calls++,
              Answer.id(call),
              function.path("name").asString(""),
              function.path("arguments").toString()));
    }
    if (event.path("done").asBoolean(false)) {
      told.finish(Answer.finish(event, calls > 0));
      told.chunk(Answers.usage(Answer.usage(event)));
      told.done();
    }
  }
}
