package dev.lathe.serving.providers.remote.cohere;

import dev.lathe.serving.providers.remote.Dialect;
import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.providers.remote.translation.Taken;
import dev.lathe.serving.providers.remote.translation.Tools;
import dev.lathe.serving.providers.remote.translation.Tools.Choice;
import dev.lathe.serving.providers.remote.translation.Translated;
import dev.lathe.serving.wire.ChatMessage;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.ContentPart;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Cohere's chat API, version 2: near to OpenAI's, with names of its own. */
public final class Cohere implements Dialect {
  @Override
  public Exchange exchange(ChatRequest request, String model) {
    var taken = new Taken(request, "Cohere");
    var body = Json.object().put("model", model);
    var messages = body.putArray("messages");
    for (var message : ChatMessage.of(request)) {
      turn(message, messages.addObject(), taken);
    }
    var most = taken.maxTokens();
    if (most != null) {
      body.set("max_tokens", most);
    }
    sampling(taken, body);
    tools(Tools.of(taken), taken, body);
    format(taken, body);
    thinking(taken, body);
    if (taken.user() != null) {
      taken.ignored("user");
    }
    body.put("stream", request.streamed());
    return new Translated(
        "/v2/chat",
        Exchange::bearer,
        Json.bytes(body),
        taken.done(),
        Answer::whole,
        AnswerStream::new);
  }

  private static void sampling(Taken taken, ObjectNode body) {
    taken.copy("temperature", body, "temperature");
    taken.copy("top_p", body, "p");
    taken.copy("top_k", body, "k");
    taken.copy("seed", body, "seed");
    for (var penalty : List.of("frequency_penalty", "presence_penalty")) {
      var value = taken.take(penalty);
      if (value != null) {
        if (value.doubleValue() < 0 || value.doubleValue() > 1) {
          throw taken.unsaid(penalty, "It goes from 0 to 1 there.");
        }
        body.set(penalty, value);
      }
    }
    var stops = taken.stops();
    if (stops != null) {
      body.set("stop_sequences", stops);
    }
  }

  private static void turn(ChatMessage message, ObjectNode turn, Taken taken) {
    if (message.json().hasNonNull("name")) {
      taken.ignored("messages.name");
    }
    switch (message.role()) {
      case SYSTEM -> turn.put("role", "system").put("content", text(message, taken));
      case USER -> {
        turn.put("role", "user");
        if (message.parts().stream().allMatch(ContentPart.Text.class::isInstance)) {
          turn.put("content", message.text());
        } else {
          parts(message, turn.putArray("content"), taken);
        }
      }
      case ASSISTANT -> assistant(message, turn, taken);
      case TOOL ->
          turn.put("role", "tool")
              .put("tool_call_id", message.callId())
              .put("content", text(message, taken));
    }
  }

  private static void assistant(ChatMessage message, ObjectNode turn, Taken taken) {
    turn.put("role", "assistant");
    var said = text(message, taken);
    if (message.json().hasNonNull("reasoning_content")) {
      taken.ignored("messages.reasoning_content");
    }
    if (message.calls().isEmpty()) {
      turn.put("content", said);
      return;
    }
    if (!said.isEmpty()) {
      turn.put("tool_plan", said); // what it says beside calls is its plan there
    }
    var calls = turn.putArray("tool_calls");
    for (int i = 0; i < message.calls().size(); i++) {
      var call = message.calls().get(i);
      var function =
          calls
              .addObject()
              .put("id", call.id())
              .put("type", "function")
              .putObject("function")
              .put("name", call.name());
      function.put("arguments", Tools.arguments(message, i).toString());
    }
  }

  private static String text(ChatMessage message, Taken taken) {
    for (int i = 0; i < message.parts().size(); i++) {
      if (!(message.parts().get(i) instanceof ContentPart.Text)) {
        throw taken.unsaid(
            "%s.content[%d]".formatted(message.at(), i), "Only a user's message shows more.");
      }
    }
    return message.text();
  }

  private static void parts(ChatMessage message, ArrayNode to, Taken taken) {
    for (int i = 0; i < message.parts().size(); i++) {
      switch (message.parts().get(i)) {
        case ContentPart.Text text -> to.addObject().put("type", "text").put("text", text.text());
        case ContentPart.Image image ->
            image(to, "data:%s;base64,%s".formatted(image.type(), image.base64()));
        case ContentPart.ImageLink link -> image(to, link.url());
        case ContentPart.Document d ->
            throw taken.unsaid(
                "%s.content[%d]".formatted(message.at(), i), "Send its text, or pictures of it.");
      }
    }
  }

  private static void image(ArrayNode to, String url) {
    to.addObject().put("type", "image_url").putObject("image_url").put("url", url);
  }

  private static void tools(Tools tools, Taken taken, ObjectNode body) {
    if (tools.functions().isEmpty() || tools.choice() instanceof Choice.None) {
      if (!tools.functions().isEmpty()) {
        offer(tools, body);
        body.put("tool_choice", "NONE");
      }
      return;
    }
    if (!tools.parallel()) {
      throw taken.unsaid("parallel_tool_calls", "It may always call several at once there.");
    }
    offer(tools, body);
    switch (tools.choice()) {
      case Choice.Required r -> body.put("tool_choice", "REQUIRED");
      case Choice.Named named when tools.functions().size() == 1 ->
          body.put("tool_choice", "REQUIRED");
      case Choice.Named named ->
          throw taken.unsaid("tool_choice", "Offer this one tool alone, with 'required'.");
      case Choice.Auto a -> {}
      case Choice.None n -> {}
      case null -> {}
    }
  }

  private static void offer(Tools tools, ObjectNode body) {
    var list = body.putArray("tools");
    boolean strict = false;
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
      strict |= function.json().path("strict").asBoolean(false);
    }
    if (strict) {
      body.put("strict_tools", true);
    }
  }

  private static void format(Taken taken, ObjectNode body) {
    var format = taken.take("response_format");
    if (format == null) {
      return;
    }
    switch (format.path("type").asString("")) {
      case "text" -> {}
      case "json_object" -> body.putObject("response_format").put("type", "json_object");
      case "json_schema" ->
          body.putObject("response_format")
              .put("type", "json_object")
              .set("json_schema", format.path("json_schema").path("schema"));
      default -> throw taken.unsaid("response_format", "Say text, json_object or json_schema.");
    }
  }

  /** It thinks, or does not; how hard cannot be said there but in tokens. */
  private static void thinking(Taken taken, ObjectNode body) {
    var given = taken.take("thinking");
    var effort = taken.take("reasoning_effort");
    if (given != null) {
      body.set("thinking", given);
    } else if (effort != null) {
      boolean none = effort.asString("").equals("none");
      body.putObject("thinking").put("type", none ? "disabled" : "enabled");
    }
  }
}
