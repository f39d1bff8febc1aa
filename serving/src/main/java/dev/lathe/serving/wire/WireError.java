package dev.lathe.serving.wire;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A request that gets no answer, in OpenAI's form: {@code {"error": {"message", "type", "param",
 * "code"}}}. The message says what was wrong and the remedy.
 */
public final class WireError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String type;
  private final @Nullable String param;
  private final @Nullable String code;
  private final @Nullable String retryAfter;

  /**
   * @param param the field that is wrong, such as {@code messages[1].role}
   * @param retryAfter value of the header of that name, as an upstream gave it
   */
  public WireError(
      int status,
      String type,
      @Nullable String param,
      @Nullable String code,
      String message,
      @Nullable String retryAfter) {
    // Without a stack trace: these are answers, and a flood of bad requests must stay cheap.
    super(message, null, false, false);
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** 400: a field is missing or wrong. */
  public static WireError invalid(@Nullable String param, String code, String message) {
    return new WireError(400, "invalid_request_error", param, code, message, null);
  }

  /** 404 or 409: what the model's name means is not there. */
  public static WireError model(int status, String code, String message) {
    return new WireError(status, "invalid_request_error", "model", code, message, null);
  }

  /** 503: it can be asked again later. */
  public static WireError unavailable(String code, String message) {
    return new WireError(503, "server_error", null, code, message, null);
  }

  /** 502: what came from upstream is no answer. */
  public static WireError upstream(String code, String message) {
    return new WireError(502, "server_error", null, code, message, null);
  }

  /** The same under another code, which tells programs what it is. */
  public WireError coded(String known) {
    return new WireError(status, type, param, known, message(), retryAfter);
  }

  public int status() {
    return status;
  }

  public String type() {
    return type;
  }

  public @Nullable String param() {
    return param;
  }

  public @Nullable String code() {
    return code;
  }

  public @Nullable String retryAfter() {
    return retryAfter;
  }

  public String message() {
    return String.valueOf(getMessage());
  }

  /** The body. */
  public byte[] json() {
    var error = new LinkedHashMap<String, @Nullable Object>();
    error.put("message", message());
    error.put("type", type);
    error.put("param", param);
    error.put("code", code);
    return JsonMapper.shared().writeValueAsBytes(Map.of("error", error));
  }
}
