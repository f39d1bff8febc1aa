package dev.lathe.app.owner;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What the owner answered instead of a result: what was wrong, the value, and the remedy. */
public final class ApiError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String what;
  private final @Nullable String value;
  private final String remedy;

  public ApiError(int status, String what, @Nullable String value, String remedy) {
    super(what + (value == null ? "" : ": " + value) + ". " + remedy);
    this.status = status;
    this.what = what;
    this.value = value;
    this.remedy = remedy;
  }

  /** Reads {@code {"what", "value", "remedy"}}, or OpenAI's {@code {"message", …}}. */
  static ApiError of(int status, JsonNode error) {
    var value = error.path("value");
    return new ApiError(
        status,
        error.path("what").asString(error.path("message").asString("the request failed")),
        value.isString() ? value.asString() : null,
        error.path("remedy").asString(""));
  }

  /** As in HTTP: below 500 the user can mend it. */
  public int status() {
    return status;
  }

  public String what() {
    return what;
  }

  public @Nullable String value() {
    return value;
  }

  public String remedy() {
    return remedy;
  }
}
