package dev.lathe.serving.providers.llama.protocol;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request that is not carried out, as OpenAI's API says it. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String type;
  private final @Nullable String param;
  private final @Nullable String code;

  Refusal(int status, String message, String type, @Nullable String param, @Nullable String code) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
  }

  /** The request is at fault in this field. */
  static Refusal of(@Nullable String param, String message) {
    return new Refusal(400, message, "invalid_request_error", param, null);
  }

  int status() {
    return status;
  }

  /** {@code {"error": {message, type, param, code}}}. */
  Map<String, Object> body() {
    var error = new LinkedHashMap<String, @Nullable Object>();
    error.put("message", getMessage());
    error.put("type", type);
    error.put("param", param);
    error.put("code", code);
    return Map.of("error", error);
  }
}
