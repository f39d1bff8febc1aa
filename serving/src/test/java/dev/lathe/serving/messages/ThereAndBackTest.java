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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What goes into Anthropic's words and back again means what it meant. */
class ThereAndBackTest {
  private static final int TRIES = 150;

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
    var turns = new ArrayList<String>();
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
    var chunks = new ArrayList<ObjectNode>();
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
    var pieces = new ArrayList<String>();
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

  private static ObjectNode chunk(ObjectNode completion, ObjectNode delta, @Nullable JsonNode end) {
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
