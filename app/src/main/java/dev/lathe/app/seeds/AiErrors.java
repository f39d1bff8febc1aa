package dev.lathe.app.seeds;

import dev.lathe.serving.wire.WireError;
import org.jspecify.annotations.Nullable;

/** Today's errors in the older systems' words; what they had no words for keeps ours. */
final class AiErrors {
  private AiErrors() {}

  static AiProblem of(WireError e) {
    var known = words(e.code());
    return known == null
        ? new AiProblem(e.status(), e.message(), null)
        : new AiProblem(e.status(), known, e.message());
  }

  private static @Nullable String words(@Nullable String code) {
    return switch (code) {
      case "model_not_found" -> "Model file not found";
      case "model_not_promoted" -> "No model loaded";
      case "engine_unavailable", "model_unusable" -> "Failed to initialize GGUF engine";
      case "context_length_exceeded" -> "Failed to tokenize prompt";
      case null, default -> null;
    };
  }
}
