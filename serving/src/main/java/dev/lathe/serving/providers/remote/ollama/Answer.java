package dev.lathe.serving.providers.remote.ollama;

import dev.lathe.serving.providers.remote.translation.Answers;
import dev.lathe.serving.providers.remote.translation.Answers.Usage;
import dev.lathe.serving.providers.remote.translation.Json;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Ollama's whole answer as a chat completion. */
final class Answer {
  private Answer() {}

  /** Null for what is no answer of theirs. */
  static @Nullable ObjectNode whole(ObjectNode answer) {
    if (!(answer.get("message") instanceof ObjectNode said)) {
      return null;
    }
    var message = Json.object().put("role", "assistant");
    var calls = said.path("tool_calls");
    var text = said.path("content").asString("");
    message.put("content", text.isEmpty() && !calls.isEmpty() ? null : text);
    var thought = said.path("thinking");
    if (thought.isString() && !thought.stringValue().isEmpty()) {
      message.set("reasoning_content", thought);
    }
    for (var call : calls) {
      message.withArray("tool_calls").add(call(call));
    }
    var completion = Answers.completion(message, finish(answer, !calls.isEmpty()), usage(answer));
    likelihoods(answer, completion);
    return completion;
  }

  static ObjectNode call(JsonNode call) {
    var function = call.path("function");
    return Answers.call(
        id(call), function.path("name").asString(""), function.path("arguments").toString());
  }

  /** Older servers give calls no ids; the client answers by them. */
  static String id(JsonNode call) {
    var id = call.path("id").asString("");
    return id.isEmpty() ? "call_" + UUID.randomUUID().toString().replace("-", "") : id;
  }

  static String finish(JsonNode answer, boolean called) {
    if (called) {
      return "tool_calls";
    }
    return answer.path("done_reason").asString("").equals("length") ? "length" : "stop";
  }

  static Usage usage(JsonNode answer) {
    return new Usage(
        answer.path("prompt_eval_count").asInt(0), answer.path("eval_count").asInt(0), 0, 0, 0);
  }

  /** Log-probabilities of tokens are named there as OpenAI names them. */
  static void likelihoods(JsonNode answer, ObjectNode body) {
    var tokens = answer.path("logprobs");
    if (!tokens.isEmpty() && body.path("choices").path(0) instanceof ObjectNode choice) {
      var list = choice.putObject("logprobs").putArray("content");
      for (var token : tokens) {
        var said = Json.object().putNull("bytes");
        said.putArray("top_logprobs");
        if (token instanceof ObjectNode told) {
          said.setAll(told);
          list.add(said);
        }
      }
    }
  }
}
