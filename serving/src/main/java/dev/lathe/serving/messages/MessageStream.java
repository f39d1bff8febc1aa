package dev.lathe.serving.messages;

import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.routing.Reply.ClientGone;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Chunks of a chat completion as Anthropic's events. Blocks follow each other and are numbered over
 * the whole answer; why it ended and what it used is told when both are known.
 */
final class MessageStream {
  /** Where events go. */
  @FunctionalInterface
  interface Sink {
    void event(ObjectNode event) throws ClientGone;
  }

  private enum Kind {
    NONE,
    TEXT,
    THINKING,
    TOOL
  }

  private final Sink sink;
  private final Map<Integer, Integer> calls = new HashMap<>();
  private boolean begun;
  private Kind open = Kind.NONE;
  private int blocks;
  private JsonNode ending = Json.object();
  private JsonNode usage = Json.object();

  MessageStream(Sink sink) {
    this.sink = sink;
  }

  void chunk(ObjectNode chunk) throws ClientGone {
    var error = chunk.path("error");
    if (error.isObject()) {
      sink.event(MessagesReply.error(status(error), error.path("message").asString("")));
      return;
    }
    if (!begun) {
      begun = true;
      var message = WholeMessage.begun(chunk);
      message.set("usage", WholeMessage.usage(chunk.path("usage")));
      sink.event(event("message_start").set("message", message));
    }
    if (chunk.path("usage").isObject()) {
      usage = chunk.path("usage");
    }
    var choice = chunk.path("choices").path(0);
    delta(choice.path("delta"));
    if (choice.path("finish_reason").isString()) {
      ending = choice;
    }
  }

  /** The router tells of a broken stream without a number; so does an upstream sometimes. */
  private static int status(JsonNode error) {
    int code = error.path("code").asInt(500);
    return code >= 400 && code < 600 ? code : 500;
  }

  private void delta(JsonNode delta) throws ClientGone {
    var thought = WholeMessage.thought(delta);
    if (!thought.isEmpty()) {
      in(Kind.THINKING, Json.object().put("thinking", "").put("signature", ""), "thinking");
      more("thinking_delta", "thinking", thought);
    }
    for (var block : delta.path("thinking_blocks")) {
      thought(block);
    }
    for (var words : new String[] {"content", "refusal"}) {
      var text = delta.path(words).asString("");
      if (!text.isEmpty()) {
        in(Kind.TEXT, Json.object().put("text", ""), "text");
        more("text_delta", "text", text);
      }
    }
    for (var call : delta.path("tool_calls")) {
      call(call);
    }
  }

  /** A whole thought: the signature of the one that was told, or one that nobody may read. */
  private void thought(JsonNode block) throws ClientGone {
    if (block.path("type").asString("").equals("thinking")) {
      if (open != Kind.THINKING) {
        in(Kind.THINKING, Json.object().put("thinking", "").put("signature", ""), "thinking");
        more("thinking_delta", "thinking", block.path("thinking").asString(""));
      }
      more("signature_delta", "signature", block.path("signature").asString(""));
      close();
      return;
    }
    close();
    sink.event(event("content_block_start").put("index", blocks).set("content_block", block));
    sink.event(event("content_block_stop").put("index", blocks));
    blocks++;
  }

  private void call(JsonNode call) throws ClientGone {
    int number = call.path("index").asInt(0);
    var block = calls.get(number);
    if (block == null) {
      close();
      block = blocks;
      calls.put(number, block);
      var begin =
          Json.object()
              .put("id", WholeMessage.id(call))
              .put("name", call.path("function").path("name").asString(""));
      begin.putObject("input");
      in(Kind.TOOL, begin, "tool_use");
    }
    var arguments = call.path("function").path("arguments").asString("");
    if (!arguments.isEmpty()) {
      var delta = Json.object().put("type", "input_json_delta").put("partial_json", arguments);
      sink.event(event("content_block_delta").put("index", block).set("delta", delta));
    }
  }

  /** Goes on in an open block of the kind, or begins one. */
  private void in(Kind kind, ObjectNode empty, String type) throws ClientGone {
    if (open == kind && kind != Kind.TOOL) {
      return;
    }
    close();
    open = kind;
    var block = Json.object().put("type", type);
    block.setAll(empty);
    sink.event(event("content_block_start").put("index", blocks).set("content_block", block));
  }

  private void more(String type, String name, String text) throws ClientGone {
    var delta = Json.object().put("type", type).put(name, text);
    sink.event(event("content_block_delta").put("index", blocks).set("delta", delta));
  }

  private void close() throws ClientGone {
    if (open != Kind.NONE) {
      sink.event(event("content_block_stop").put("index", blocks));
      blocks++;
      open = Kind.NONE;
    }
  }

  void end() throws ClientGone {
    close();
    var delta = Json.object();
    WholeMessage.stopped(delta, ending, !calls.isEmpty());
    var last = event("message_delta");
    last.set("delta", delta);
    last.set("usage", WholeMessage.usage(usage));
    sink.event(last);
    sink.event(event("message_stop"));
  }

  private static ObjectNode event(String type) {
    return Json.object().put("type", type);
  }
}
