package dev.lathe.serving.providers.remote.translation;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Answers in OpenAI's form. The router puts the id and the model in. */
public final class Answers {
  private Answers() {}

  /** What an answer used. {@code prompt} counts what was read from a cache and written to one. */
  public record Usage(int prompt, int completion, int cached, int cacheWrites, int reasoning) {
    public ObjectNode json() {
      var json =
          Json.object()
              .put("prompt_tokens", prompt)
              .put("completion_tokens", completion)
              .put("total_tokens", prompt + completion);
      if (cached > 0 || cacheWrites > 0) {
        var details = json.putObject("prompt_tokens_details").put("cached_tokens", cached);
        if (cacheWrites > 0) {
          details.put("cache_write_tokens", cacheWrites);
        }
      }
      if (reasoning > 0) {
        json.putObject("completion_tokens_details").put("reasoning_tokens", reasoning);
      }
      return json;
    }
  }

  /** A whole answer of one choice. */
  public static ObjectNode completion(ObjectNode message, String finish, Usage usage) {
    var body = body("chat.completion");
    choice(body, "message", message, finish);
    body.set("usage", usage.json());
    return body;
  }

  /** An event of a streamed answer. */
  public static ObjectNode chunk(ObjectNode delta, @Nullable String finish) {
    var body = body("chat.completion.chunk");
    choice(body, "delta", delta, finish);
    return body;
  }

  /** The event of a streamed answer that tells what it used. */
  public static ObjectNode usage(Usage usage) {
    var body = body("chat.completion.chunk");
    body.putArray("choices");
    body.set("usage", usage.json());
    return body;
  }

  /**
   * An event that ends a streamed answer before its time.
   *
   * @param status what it would have been before the first byte
   */
  public static ObjectNode error(String message, String type, int status) {
    var body = Json.object();
    body.putObject("error").put("message", message).put("type", type).put("code", status);
    return body;
  }

  /** Which text ended the answer: OpenAI does not tell, vLLM does by this name. */
  public static void stopped(ObjectNode body, JsonNode sequence) {
    if (sequence.isString() && body.path("choices").path(0) instanceof ObjectNode choice) {
      choice.set("stop_reason", sequence);
    }
  }

  /** A function's call, whole. */
  public static ObjectNode call(String id, String name, String arguments) {
    var call = Json.object().put("id", id).put("type", "function");
    call.putObject("function").put("name", name).put("arguments", arguments);
    return call;
  }

  /** A call's beginning in a stream; its arguments follow. */
  public static ObjectNode callBegun(int index, String id, String name, String arguments) {
    var delta = Json.object();
    var call = delta.putArray("tool_calls").addObject().put("index", index);
    call.setAll(call(id, name, arguments));
    return delta;
  }

  /** More of a call's arguments. */
  public static ObjectNode callContinued(int index, String arguments) {
    var delta = Json.object();
    var call = delta.putArray("tool_calls").addObject().put("index", index);
    call.putObject("function").put("arguments", arguments);
    return delta;
  }

  private static ObjectNode body(String object) {
    return Json.object().put("object", object).put("created", System.currentTimeMillis() / 1000);
  }

  private static void choice(
      ObjectNode body, String name, ObjectNode says, @Nullable String finish) {
    var choice = body.putArray("choices").addObject().put("index", 0);
    choice.set(name, says);
    choice.put("finish_reason", finish);
  }
}
