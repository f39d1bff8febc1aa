package dev.lathe.serving.accounting;

import tools.jackson.databind.JsonNode;

/**
 * What a request may use, before its answer tells: a token for every four bytes of text (OpenAI's
 * rule of thumb), a thousand for an image or a sound, and as many tokens of output as it allows.
 */
public record Estimate(long prompt, long output) {
  static final int OUTPUT = 1_024;
  private static final long MOST_OUTPUT = 1_000_000;
  private static final int BYTES_A_TOKEN = 4;
  private static final int MESSAGE = 4;
  private static final int PART = 1_000;

  public static final Estimate NONE = new Estimate(0, 0);

  /** Of a chat completion's body. */
  public static Estimate of(JsonNode body) {
    long bytes = 0;
    long tokens = 0;
    for (var message : body.path("messages")) {
      tokens += MESSAGE;
      var content = message.path("content");
      bytes += text(content) + size(message.path("tool_calls"));
      for (var part : content.isArray() ? content : body.path("none")) {
        if (part.path("text").isString()) {
          bytes += text(part.path("text"));
        } else {
          tokens += PART;
        }
      }
    }
    bytes += size(body.path("tools")) + size(body.path("response_format"));
    long answers = Math.max(1, body.path("n").asLong(1));
    return new Estimate(tokens + Math.ceilDiv(bytes, BYTES_A_TOKEN), answers * output(body));
  }

  long tokens() {
    return prompt + output;
  }

  private static long output(JsonNode body) {
    for (var name : new String[] {"max_completion_tokens", "max_tokens"}) {
      if (body.path(name).isIntegralNumber()) {
        return Math.clamp(body.path(name).asLong(OUTPUT), 1, MOST_OUTPUT);
      }
    }
    return OUTPUT;
  }

  private static long size(JsonNode node) {
    return node.isContainer() ? node.toString().length() : 0;
  }

  /** Bytes of UTF-8. */
  private static long text(JsonNode node) {
    if (!node.isString()) {
      return 0;
    }
    var text = node.stringValue();
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }
}
