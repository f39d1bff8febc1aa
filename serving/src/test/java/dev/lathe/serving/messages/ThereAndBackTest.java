package dev.lathe.serving.messages;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.providers.remote.Exchange;
import dev.lathe.serving.providers.remote.anthropic.Anthropic;
import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.Events;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What goes into Anthropic's words and back again means what it meant. */
class ThereAndBackTest {
  private static final int TRIES = 400;

  /** One made-up conversation after another, each from its own seed. */
  private record MadeUp(Random random) {
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
        arguments.put("n", new java.math.BigDecimal("1.50"));
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

  private static Exchange asked() {
    return new Anthropic(4096)
        .exchange(
            ChatRequest.read(
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
                    .getBytes(StandardCharsets.UTF_8)),
            "m");
  }

  @Test
  void aRequestThatGoesThroughAnthropicsWordsAsksTheSame() {
    for (long seed = 0; seed < TRIES; seed++) {
      var request = MadeUp.of(seed).request();
      var there = new Anthropic(4096).exchange(ChatRequest.read(Json.bytes(request)), "m");
      assertThat(there.ignored()).isEmpty();
      var back = MessagesRequest.read(there.body(), null).chat();
      assertThat(meaning(back.fields())).as("seed " + seed).isEqualTo(meaning(request));
    }
  }

  /** Turns of one side are one there, and texts beside each other are one text. */
  private static Map<String, Object> meaning(ObjectNode request) {
    var meaning = new TreeMap<String, Object>();
    request.properties().forEach(f -> meaning.put(f.getKey(), text(f.getValue())));
    meaning.put("messages", turns(request.path("messages")));
    return meaning;
  }

  private static String text(JsonNode node) {
    return Objects.requireNonNull(Json.object("{\"v\":" + node + "}")).toString();
  }

  private static List<String> turns(JsonNode messages) {
    var turns = new java.util.ArrayList<String>();
    for (var message : messages) {
      var calls = new StringBuilder();
      for (var call : message.path("tool_calls")) {
        calls.append(call.path("id")).append(call.path("function").path("name"));
        calls.append(Json.object(call.path("function").path("arguments").asString("")));
      }
      turns.add(
          message.path("role").asString("")
              + " "
              + message.path("tool_call_id").asString("")
              + " "
              + parts(message.path("content"))
              + " "
              + calls);
    }
    return turns;
  }

  private static String parts(JsonNode content) {
    if (!content.isArray()) {
      return content.asString("");
    }
    var parts = new StringBuilder();
    for (var part : content) {
      var type = part.path("type").asString("");
      parts.append(type.equals("text") ? part.path("text").asString("") : part.toString());
    }
    return parts.toString();
  }

  @Test
  void aWholeAnswerThatGoesThroughAnthropicsWordsSaysTheSame() {
    for (long seed = 0; seed < TRIES; seed++) {
      var completion = MadeUp.of(seed).completion();
      var there = WholeMessage.of(completion);
      var back = Objects.requireNonNull(Json.object(asked().completion(Json.bytes(there))));
      assertThat(said(back)).as("seed " + seed).isEqualTo(said(completion));
    }
  }

  private static Map<String, String> said(ObjectNode completion) {
    var choice = completion.path("choices").path(0);
    var said = new LinkedHashMap<String, String>();
    var message = choice.path("message");
    for (var name : List.of("content", "reasoning_content")) {
      said.put(name, message.path(name).asString(""));
    }
    said.put("thoughts", message.path("thinking_blocks").toString());
    said.put("calls", turns(Json.list().add(message)).toString());
    said.put("finish", choice.path("finish_reason").toString());
    said.put("stop", choice.path("stop_reason").toString());
    said.put("usage", completion.path("usage").toString());
    return said;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 1000})
  void aStreamThatGoesThroughAnthropicsWordsSaysTheSame(int atOnce) throws Exception {
    for (long seed = 0; seed < TRIES; seed++) {
      var completion = MadeUp.of(seed).completion();
      var there = new ByteArrayOutputStream();
      var stream =
          new MessageStream(
              event -> {
                there.writeBytes(
                    ("event: " + event.path("type").asString("") + "\ndata: ")
                        .getBytes(StandardCharsets.UTF_8));
                there.writeBytes(Json.bytes(event));
                there.writeBytes("\n\n".getBytes(StandardCharsets.UTF_8));
              });
      for (var chunk : chunked(completion, atOnce)) {
        stream.chunk(chunk);
      }
      stream.end();
      var chunks = asked().chunks(new ByteArrayInputStream(there.toByteArray()));
      var whole = new Gathered();
      for (var data = chunks.next(); data != null && !Events.isDone(data); data = chunks.next()) {
        whole.add(Objects.requireNonNull(Json.object(data)));
      }
      assertThat(said(whole.completion())).as("seed " + seed).isEqualTo(said(completion));
    }
  }

  /** A completion as a stream that says so many characters at once. */
  private static List<ObjectNode> chunked(ObjectNode completion, int atOnce) {
    var chunks = new java.util.ArrayList<ObjectNode>();
    var choice = completion.path("choices").path(0);
    var message = choice.path("message");
    for (var name : List.of("reasoning_content", "thinking_blocks", "content")) {
      var value = message.path(name);
      if (value.isArray()) {
        chunks.add(chunk(completion, Json.object().set(name, value), null));
      } else if (value.isString()) {
        pieces(value.stringValue(), atOnce)
            .forEach(p -> chunks.add(chunk(completion, Json.object().put(name, p), null)));
      }
    }
    int number = 0;
    for (var call : message.path("tool_calls")) {
      var begun = Json.object();
      var first = begun.putArray("tool_calls").addObject().put("index", number);
      first.set("id", call.path("id"));
      first.putObject("function").set("name", call.path("function").path("name"));
      chunks.add(chunk(completion, begun, null));
      for (var piece : pieces(call.path("function").path("arguments").asString(""), atOnce)) {
        var more = Json.object();
        more.putArray("tool_calls")
            .addObject()
            .put("index", number)
            .putObject("function")
            .put("arguments", piece);
        chunks.add(chunk(completion, more, null));
      }
      number++;
    }
    chunks.add(chunk(completion, Json.object(), choice));
    var usage = chunk(completion, Json.object(), null);
    usage.putArray("choices");
    usage.set("usage", completion.path("usage"));
    chunks.add(usage);
    return chunks;
  }

  private static List<String> pieces(String text, int atOnce) {
    var pieces = new java.util.ArrayList<String>();
    for (int at = 0; at < text.length(); ) {
      int end = Math.min(text.length(), at + atOnce);
      if (end < text.length() && Character.isLowSurrogate(text.charAt(end))) {
        end++;
      }
      pieces.add(text.substring(at, end));
      at = end;
    }
    return pieces;
  }

  private static ObjectNode chunk(
      ObjectNode completion, ObjectNode delta, @org.jspecify.annotations.Nullable JsonNode end) {
    var chunk = Json.object();
    chunk.set("id", completion.path("id"));
    chunk.set("model", completion.path("model"));
    var choice = chunk.putArray("choices").addObject().put("index", 0);
    choice.set("delta", delta);
    if (end != null) {
      choice.set("finish_reason", end.path("finish_reason"));
      if (end.has("stop_reason")) {
        choice.set("stop_reason", end.path("stop_reason"));
      }
    }
    return chunk;
  }

  /** Chunks put together as clients do. */
  private static final class Gathered {
    private final ObjectNode whole = Json.object();
    private final ObjectNode choice = whole.putArray("choices").addObject();
    private final ObjectNode message = choice.putObject("message");

    void add(ObjectNode chunk) {
      if (chunk.path("usage").isObject()) {
        whole.set("usage", chunk.path("usage"));
      }
      var said = chunk.path("choices").path(0);
      var delta = said.path("delta");
      for (var name : List.of("role", "content", "reasoning_content")) {
        if (delta.path(name).isString()) {
          message.put(name, message.path(name).asString("") + delta.path(name).stringValue());
        }
      }
      delta.path("thinking_blocks").forEach(b -> message.withArray("thinking_blocks").add(b));
      for (var call : delta.path("tool_calls")) {
        var calls = message.withArray("tool_calls");
        if (call.has("id")) {
          var begun = calls.addObject();
          begun.set("id", call.path("id"));
          begun.putObject("function").set("name", call.path("function").path("name"));
        }
        var function = (ObjectNode) calls.get(call.path("index").asInt()).path("function");
        function.put(
            "arguments",
            function.path("arguments").asString("")
                + call.path("function").path("arguments").asString(""));
      }
      for (var name : List.of("finish_reason", "stop_reason")) {
        if (said.path(name).isString()) {
          choice.set(name, said.path(name));
        }
      }
    }

    ObjectNode completion() {
      return whole;
    }
  }
}
