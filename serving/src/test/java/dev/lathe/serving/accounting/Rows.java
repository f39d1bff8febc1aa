package dev.lathe.serving.accounting;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Rows as the router makes them. */
final class Rows {
  private Rows() {}

  /**
   * @param provider null for a local target
   * @param tokens of the prompt; null when the answer did not tell
   */
  static RequestRow of(
      String id, Instant at, @Nullable String provider, @Nullable Integer tokens, int status) {
    return new RequestRow(
        id,
        at,
        "any",
        provider == null ? "support@3" : provider + ":m",
        null,
        provider == null ? "support@3" : null,
        null,
        null,
        provider == null ? "smollm2" : null,
        null,
        null,
        null,
        null,
        false,
        status,
        status < 400 ? null : "it failed",
        status == 200 ? 1.0 : null,
        1.0,
        tokens,
        tokens == null ? null : 0,
        null,
        null,
        provider,
        null,
        null);
  }
}
