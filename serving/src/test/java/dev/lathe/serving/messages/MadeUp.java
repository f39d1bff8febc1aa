package dev.lathe.serving.messages;

import dev.lathe.serving.providers.remote.translation.Json;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One made-up conversation after another, each from its own seed. */
record MadeUp(Random random) {
  static final List<String> WORDS =
      List.of(
          "Oslo", "Grüße", "線", "😀", "\"quoted\"", "line\nbreak", "\\u0041", "<|im_end|>", " ");

  static MadeUp of(long seed) {
    return new MadeUp(new Random(seed));
  }

  String text() {
    var text = new StringBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      text.append(WORDS.get(random.nextInt(WORDS.size())));
    }
    return text.toString();
  }

  boolean now() {
    return random.nextBoolean();
  }

  ObjectNode arguments() {
    var arguments = Json.object();
    if (now()) {
      arguments.put(text(), text());
    }
    if (now()) {
      arguments.put("n", new BigDecimal("1.50"));
      arguments.putArray("list").add(true).addNull().addObject().put("deep", text());
    }
    return arguments;
  }

  ObjectNode request() {
    var request =
        Json.object().put("model", "m").put("max_completion_tokens", 1 + random.nextInt(99));
    var messages = request.putArray("messages");
    if (now()) {
      messages.addObject().put("role", "system").put("content", text());
    }
    for (int turn = random.nextInt(3); turn >= 0; turn--) {
      user(messages.addObject().put("role", "user"));
      assistant(messages, turn);
    }
    user(messages.addObject().put("role", "user"));
    if (now()) {
      request.put("temperature", random.nextInt(11) / 10.0);
      request.put("top_p", 0.5);
    }
    if (now()) {
      request.putArray("stop").add(text()).add(text());
    }
    if (now()) {
      request.put("stream", true).putObject("stream_options").put("include_usage", true);
    }
    if (now()) {
      tools(request);
    }
    if (now()) {
      request
          .putObject("response_format")
          .put("type", "json_schema")
          .putObject("json_schema")
          .put("name", "answer")
          .put("strict", true)
          .set("schema", Json.object().put("type", "object"));
    }
    if (now()) {
      request.put("reasoning_effort", List.of("low", "medium", "high").get(random.nextInt(3)));
    }
    return request;
  }

  private void user(ObjectNode message) {
    if (now()) {
      message.put("content", text());
      return;
    }
    var parts = message.putArray("content");
    parts.addObject().put("type", "text").put("text", text());
    var image = parts.addObject().put("type", "image_url").putObject("image_url");
    image.put("url", now() ? "https://example.org/a.png" : "data:image/png;base64,iVBORw0KGgo=");
    var file = parts.addObject().put("type", "file").putObject("file");
    file.put("filename", "a.pdf").put("file_data", "data:application/pdf;base64,JVBERi0=");
  }

  private void assistant(ArrayNode messages, int turn) {
    var message = messages.addObject().put("role", "assistant");
    int calls = random.nextInt(3);
    message.put("content", calls > 0 && now() ? null : text());
    for (int i = 0; i < calls; i++) {
      var call = message.withArray("tool_calls").addObject();
      call.put("type", "function").put("id", "call_" + turn + "_" + i);
      call.putObject("function").put("name", "f" + i).put("arguments", arguments().toString());
    }
    for (int i = 0; i < calls; i++) {
      messages
          .addObject()
          .put("role", "tool")
          .put("tool_call_id", "call_" + turn + "_" + i)
          .put("content", text());
    }
  }

  private void tools(ObjectNode request) {
    for (int i = 0; i < 2; i++) {
      var function =
          request
              .withArray("tools")
              .addObject()
              .put("type", "function")
              .putObject("function")
              .put("name", "f" + i);
      if (now()) {
        function.put("description", text());
      }
      function.putObject("parameters").put("type", "object").putObject("properties");
      if (now()) {
        function.put("strict", true);
      }
    }
    switch (random.nextInt(4)) {
      case 0 -> request.put("tool_choice", "auto");
      case 1 -> request.put("tool_choice", "required").put("parallel_tool_calls", false);
      case 2 ->
          request
              .putObject("tool_choice")
              .put("type", "function")
              .putObject("function")
              .put("name", "f1");
      default -> {}
    }
  }

  /** A completion as routers pass it on. */
  ObjectNode completion() {
    var completion =
        Json.object().put("id", "chatcmpl-1").put("object", "chat.completion").put("model", "m");
    var choice = completion.putArray("choices").addObject().put("index", 0);
    var message = choice.putObject("message").put("role", "assistant");
    int calls = random.nextInt(3);
    message.put("content", calls > 0 && now() ? null : text());
    if (now()) {
      var thought = text();
      message.put("reasoning_content", thought);
      message
          .putArray("thinking_blocks")
          .addObject()
          .put("type", "thinking")
          .put("thinking", thought)
          .put("signature", "c2ln");
    }
    for (int i = 0; i < calls; i++) {
      message
          .withArray("tool_calls")
          .addObject()
          .put("id", "call_" + i)
          .put("type", "function")
          .putObject("function")
          .put("name", "f" + i)
          .put("arguments", arguments().toString());
    }
    var ends = List.of("stop", "length", "content_filter");
    choice.put("finish_reason", calls > 0 ? "tool_calls" : ends.get(random.nextInt(3)));
    if (calls == 0 && choice.path("finish_reason").asString("").equals("stop") && now()) {
      choice.put("stop_reason", "END");
    }
    var usage = completion.putObject("usage");
    usage.put("prompt_tokens", 100).put("completion_tokens", 7).put("total_tokens", 107);
    if (now()) {
      usage
          .putObject("prompt_tokens_details")
          .put("cached_tokens", 60)
          .put("cache_write_tokens", 5);
    }
    return completion;
  }
}
