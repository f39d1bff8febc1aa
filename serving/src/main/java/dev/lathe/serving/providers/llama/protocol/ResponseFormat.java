package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.decoding.Constraint;
import org.jspecify.annotations.Nullable;

/** {@code response_format} of a chat request. */
final class ResponseFormat {
  private ResponseFormat() {}

  /** What the answer must be; null for any text. */
  static @Nullable Constraint of(Fields request) {
    var format = request.object("response_format");
    if (format == null) {
      return null;
    }
    var type = format.text("type");
    if ("text".equals(type)) {
      return null;
    }
    throw Refusal.of("response_format", "'response_format.type' must be text, not " + type);
  }
}
