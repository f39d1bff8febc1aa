package dev.lathe.app.cli;

import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A streamed answer as it grows. */
final class ChatAnswer {
  private final @Nullable PrintStream out;
  private final StringBuilder text = new StringBuilder();
  private @Nullable String finishReason;
  private @Nullable JsonNode usage;

  /**
   * @param out shown there as it comes; null to keep it only
   */
  ChatAnswer(@Nullable PrintStream out) {
    this.out = out;
  }

  /** One event of the stream. */
  void take(JsonNode event) {
    var choice = event.path("choices").path(0);
    var piece = choice.path("delta").path("content").asString("");
    text.append(piece);
    if (choice.path("finish_reason").isString()) {
      finishReason = choice.path("finish_reason").stringValue();
    }
    if (event.path("usage").isObject()) {
      usage = event.get("usage");
    }
    if (out != null && !piece.isEmpty()) {
      out.print(Text.printable(piece));
      out.flush();
    }
  }

  String text() {
    return text.toString();
  }

  @Nullable String finishReason() {
    return finishReason;
  }

  @Nullable JsonNode usage() {
    return usage;
  }
}
