package dev.lathe.app.openai;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.lathe.serving.wire.WireError;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a file is for. */
enum Purpose {
  FINE_TUNE("fine-tune", true),
  BATCH("batch", true),
  EVALS("evals", true),
  USER_DATA("user_data", true),
  /** Made here, of a job that succeeded. */
  FINE_TUNE_RESULTS("fine-tune-results", false);

  /** As OpenAI keeps them. */
  private static final Duration BATCHES_KEPT = Duration.ofDays(30);

  private final String wire;
  private final boolean uploaded;

  Purpose(String wire, boolean uploaded) {
    this.wire = wire;
    this.uploaded = uploaded;
  }

  @JsonValue
  String wire() {
    return wire;
  }

  @JsonCreator
  static Purpose of(String wire) {
    return Arrays.stream(values()).filter(p -> p.wire.equals(wire)).findFirst().orElseThrow();
  }

  /** Whether such a file is one JSON object a line. */
  boolean isLines() {
    return switch (this) {
      case FINE_TUNE, BATCH, EVALS -> true;
      case USER_DATA, FINE_TUNE_RESULTS -> false;
    };
  }

  /** How long such a file is kept when nobody says; null for ever. */
  @Nullable Duration kept() {
    return this == BATCH ? BATCHES_KEPT : null;
  }

  /**
   * What an upload is for.
   *
   * @throws WireError when it can be no upload's purpose
   */
  static Purpose ofUpload(@Nullable String wire) {
    if (wire == null) {
      throw WireError.invalid(
          "purpose", "missing_required_parameter", "'purpose' is missing. Give " + uploads() + ".");
    }
    return Arrays.stream(values())
        .filter(p -> p.uploaded && p.wire.equals(wire))
        .findFirst()
        .orElseThrow(
            () ->
                WireError.invalid(
                    "purpose",
                    "invalid_value",
                    "'%s' is no purpose of a file here. Give %s.".formatted(wire, uploads())));
  }

  private static String uploads() {
    List<String> words =
        Arrays.stream(values()).filter(p -> p.uploaded).map(p -> "'" + p.wire + "'").toList();
    return String.join(", ", words.subList(0, words.size() - 1)) + " or " + words.getLast();
  }
}
