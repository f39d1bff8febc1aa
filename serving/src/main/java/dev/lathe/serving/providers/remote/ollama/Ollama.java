package dev.lathe.serving.providers.remote.ollama;

import dev.lathe.serving.providers.remote.Dialect;
import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.providers.remote.translation.JsonLines;
import dev.lathe.serving.providers.remote.translation.Taken;
import dev.lathe.serving.providers.remote.translation.Tools;
import dev.lathe.serving.providers.remote.translation.Tools.Choice;
import dev.lathe.serving.providers.remote.translation.Translated;
import dev.lathe.serving.wire.ChatMessage;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.ContentPart;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Ollama's own chat API, which can say more than its imitation of OpenAI's. */
public final class Ollama implements Dialect {
  /** Options by their names there and here; what Ollama knows besides stands in {@code options}. */
  private static final List<String> OPTIONS =
      List.of(
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "seed",
          "frequency_penalty",
          "presence_penalty",
          "repeat_penalty",
          "num_ctx");

  @Override
  public Exchange exchange(ChatRequest request, String model) {
    var taken = new Taken(request, "Ollama");
    var body = Json.object().put("model", model);
    messages(ChatMessage.of(request), body.putArray("messages"), taken);
    options(taken, body);
    tools(Tools.of(taken), taken, body);
    format(taken, body);
    thinking(taken, body);
    taken.copy("keep_alive", body, "keep_alive");
    taken.copy("logprobs", body, "logprobs");
    taken.copy("top_logprobs", body, "top_logprobs");
    if (taken.user() != null) {
      taken.ignored("user");
    }
    body.put("stream", request.streamed());
    return new Translated(
        "/api/chat",
        Exchange::bearer,
        Json.bytes(body),
        taken.done(),
        Answer::whole,
        AnswerStream::new,
        JsonLines::new,
        "application/x-ndjson");
  }

  private static void options(Taken taken, ObjectNode body) {
    var options = Json.object();
    if (taken.take("options") instanceof ObjectNode given) {
      options.setAll(given);
    }
    OPTIONS.forEach(name -> taken.copy(name, options, name));
    var most = taken.maxTokens();
    if (most != null) {
      options.set("num_predict", most);
    }
    var stops = taken.stops();
    if (stops != null) {
      options.set("stop", stops);
    }
    if (!options.isEmpty()) {
      body.set("options", options);
    }
  }

  private static void messages(List<ChatMessage> messages, ArrayNode to, Taken taken) {
    var called = new HashMap<String, String>();
    for (var message : messages) {
      if (message.json().hasNonNull("name")) {
        taken.ignored("messages.name");
      }
      var turn = to.addObject().put("role", message.role().name().toLowerCase(Locale.ROOT));
      turn.put("content", message.text());
      pictures(message, turn, taken);
      var thought = message.json().path("reasoning_content");
      if (thought.isString()) {
        turn.set("thinking", thought);
      }
      for (int i = 0; i < message.calls().size(); i++) {
        var call = message.calls().get(i);
        called.put(call.id(), call.name());
        turn.withArray("tool_calls")
            .addObject()
            .put("id", call.id())
            .putObject("function")
            .put("name", call.name())
            .set("arguments", Tools.arguments(message, i));
      }
      if (message.callId() != null) {
        turn.put("tool_call_id", message.callId());
        if (called.containsKey(message.callId())) {
          turn.put("tool_name", called.get(message.callId()));
        }
      }
    }
  }

  private static void pictures(ChatMessage message, ObjectNode turn, Taken taken) {
    for (int i = 0; i < message.parts().size(); i++) {
      var at = "%s.content[%d]".formatted(message.at(), i);
      switch (message.parts().get(i)) {
        case ContentPart.Text t -> {}
        case ContentPart.Image image -> turn.withArray("images").add(image.base64());
        case ContentPart.ImageLink link ->
            throw taken.unsaid(at, "It fetches nothing: send data:image/…;base64,….");
        case ContentPart.Document document ->
            throw taken.unsaid(at, "Send its text, or pictures of it.");
      }
    }
  }

  private static void tools(Tools tools, Taken taken, ObjectNode body) {
    if (tools.functions().isEmpty() || tools.choice() instanceof Choice.None) {
      return; // what is not offered is not called
    }
    if (tools.choice() instanceof Choice.Required || tools.choice() instanceof Choice.Named) {
      throw taken.unsaid("tool_choice", "The model itself chooses there: say auto or none.");
    }
    if (!tools.parallel()) {
      throw taken.unsaid("parallel_tool_calls", "It may always call several at once there.");
    }
    var list = body.putArray("tools");
    for (var function : tools.functions()) {
      var said =
          list.addObject()
              .put("type", "function")
              .putObject("function")
              .put("name", function.name());
      if (function.json().hasNonNull("description")) {
        said.set("description", function.json().get("description"));
      }
      said.set("parameters", function.parameters());
    }
  }

  private static void format(Taken taken, ObjectNode body) {
    var format = taken.take("response_format");
    if (format == null) {
      return;
    }
    switch (format.path("type").asString("")) {
      case "text" -> {}
      case "json_object" -> body.put("format", "json");
      case "json_schema" -> body.set("format", format.path("json_schema").path("schema"));
      default -> throw taken.unsaid("response_format", "Say text, json_object or json_schema.");
    }
  }

  private static void thinking(Taken taken, ObjectNode body) {
    taken.copy("think", body, "think");
    var effort = taken.take("reasoning_effort");
    if (effort == null) {
      return;
    }
    switch (effort.asString("")) {
      case "none" -> body.put("think", false);
      case "minimal", "low" -> body.put("think", "low");
      case "medium" -> body.put("think", "medium");
      case "high", "xhigh", "max" -> body.put("think", "high");
      default ->
          throw taken.unsaid(
              "reasoning_effort", "It is none, minimal, low, medium, high, xhigh or max.");
    }
  }
}
