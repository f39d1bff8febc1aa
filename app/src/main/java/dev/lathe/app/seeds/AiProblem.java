package dev.lathe.app.seeds;

import org.jspecify.annotations.Nullable;

/** What the older systems' clients are told: {@code {"error", "note"}}. */
final class AiProblem extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final @Nullable String note;

  AiProblem(int status, String error, @Nullable String note) {
    super(error, null, false, false);
    this.status = status;
    this.note = note;
  }

  /** Their text, to the letter. */
  static AiProblem nobody() {
    return new AiProblem(503, "No AI service available", "Please check configuration");
  }

  int status() {
    return status;
  }

  String error() {
    return String.valueOf(getMessage());
  }

  @Nullable String note() {
    return note;
  }
}
