package dev.lathe.serving.providers.remote.anthropic;

import dev.lathe.serving.providers.remote.Dialect;
import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.providers.remote.translation.Taken;
import dev.lathe.serving.providers.remote.translation.Tools;
import dev.lathe.serving.providers.remote.translation.Tools.Choice;
import dev.lathe.serving.providers.remote.translation.Translated;
import dev.lathe.serving.settings.Secret;
import dev.lathe.serving.wire.ChatMessage;
import dev.lathe.serving.wire.ChatRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Anthropic's messages API.
 *
 * @param maxTokens of an answer when the request does not say; Anthropic wants a number
 */
public record Anthropic(int maxTokens) implements Dialect {
  /** The version of the protocol that is spoken here. */
  public static final String VERSION = "2023-06-01";

  @Override
  public Exchange exchange(ChatRequest request, String model) {
    var original = request.original();
    return original == null ? translated(request, model) : verbatim(original, model);
  }

  /** A client that speaks Anthropic's words is heard there in them. */
  private static Exchange verbatim(ChatRequest.Original original, String model) {
    var body = original.fields().deepCopy().put("model", model);
    return new Translated(
        "/v1/messages",
        key -> headers(key, original.beta()),
        Json.bytes(body),
        List.of(),
        Answer::whole,
        AnswerStream::new);
  }

  private Exchange translated(ChatRequest request, String model) {
    var taken = new Taken(request, "Anthropic");
    var body = Json.object().put("model", model);
    Turns.write(ChatMessage.of(request), body, taken);
    length(taken, model, body);
    sampling(taken, body);
    tools(Tools.of(taken), body);
    format(taken, body);
    var user = taken.user();
    if (user != null) {
      body.putObject("metadata").put("user_id", user);
    }
    if (request.streamed()) {
      body.put("stream", true);
    }
    return new Translated(
        "/v1/messages",
        key -> headers(key, null),
        Json.bytes(body),
        taken.done(),
        Answer::whole,
        AnswerStream::new);
  }

  /** What every request bears. */
  public static Map<String, String> headers(@Nullable Secret key, @Nullable String beta) {
    var headers = new HashMap<String, String>();
    headers.put("anthropic-version", VERSION);
    if (key != null) {
      headers.put("x-api-key", key.value());
    }
    if (beta != null) {
      headers.put("anthropic-beta", beta);
    }
    return headers;
  }

  /** How much it may think and say: both count, there as with OpenAI. */
  private void length(Taken taken, String model, ObjectNode body) {
    var most = taken.maxTokens();
    var thinking = Thinking.of(taken, model);
    int budget = thinking.budget();
    body.put("max_tokens", most == null ? maxTokens + budget : most.intValue());
    thinking.write(body, taken);
  }

  private static void sampling(Taken taken, ObjectNode body) {
    var temperature = taken.take("temperature");
    if (temperature != null) {
      if (temperature.doubleValue() > 1) {
        throw taken.unsaid("temperature", "It goes from 0 to 1 there.");
      }
      body.set("temperature", temperature);
    }
    taken.copy("top_p", body, "top_p");
    taken.copy("top_k", body, "top_k");
    var stops = taken.stops();
    if (stops != null) {
      body.set("stop_sequences", stops);
    }
  }

  private static void tools(Tools tools, ObjectNode body) {
    if (tools.functions().isEmpty()) {
      return; // a choice among nothing says nothing
    }
    var list = body.putArray("tools");
    for (var function : tools.functions()) {
      var tool = list.addObject().put("name", function.name());
      if (function.json().hasNonNull("description")) {
        tool.set("description", function.json().get("description"));
      }
      tool.set("input_schema", function.parameters());
      if (function.json().path("strict").asBoolean(false)) {
        tool.put("strict", true);
      }
    }
    if (tools.choice() == null && tools.parallel()) {
      return;
    }
    var choice = body.putObject("tool_choice");
    switch (tools.choice()) {
      case Choice.None n -> choice.put("type", "none");
      case Choice.Required r -> choice.put("type", "any");
      case Choice.Named named -> choice.put("type", "tool").put("name", named.name());
      case Choice.Auto a -> choice.put("type", "auto");
      case null -> choice.put("type", "auto");
    }
    if (!tools.parallel() && !(tools.choice() instanceof Choice.None)) {
      choice.put("disable_parallel_tool_use", true);
    }
  }

  private static void format(Taken taken, ObjectNode body) {
    var format = taken.take("response_format");
    if (format == null || format.path("type").asString("").equals("text")) {
      return;
    }
    var schema = format.path("json_schema").path("schema");
    if (!format.path("type").asString("").equals("json_schema") || !schema.isObject()) {
      throw taken.unsaid(
          "response_format", "It writes JSON by a schema: {type: json_schema, json_schema: …}.");
    }
    body.withObject("output_config")
        .putObject("format")
        .put("type", "json_schema")
        .set("schema", schema);
  }
}
