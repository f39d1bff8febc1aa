package dev.lathe.app.openai;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A file that somebody uploaded, or that a job left.
 *
 * @param filename as its owner calls it; nothing on this machine is
 * @param expiresAt when it is deleted by itself; null for never
 */
record StoredFile(
    String id,
    long bytes,
    Instant createdAt,
    String filename,
    Purpose purpose,
    @Nullable Instant expiresAt) {

  boolean isExpired(Instant now) {
    return expiresAt != null && !now.isBefore(expiresAt);
  }

  /** As OpenAI writes it. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record View(
      String id,
      String object,
      long bytes,
      long created_at,
      @Nullable Long expires_at,
      String filename,
      Purpose purpose,
      String status,
      @Nullable String status_details) {}

  View view() {
    return new View(
        id,
        "file",
        bytes,
        createdAt.getEpochSecond(),
        expiresAt == null ? null : expiresAt.getEpochSecond(),
        filename,
        purpose,
        "processed",
        null);
  }
}
