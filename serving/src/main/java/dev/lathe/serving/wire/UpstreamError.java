package dev.lathe.serving.wire;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What an upstream says when it does not answer, in OpenAI's form whatever its own is. */
public final class UpstreamError {
  private static final int SHOWN = 500;

  private UpstreamError() {}

  /**
   * @param who did not answer, to begin a sentence with
   * @param status the upstream's; one that is no error, or that is about our key there, becomes 502
   */
  public static WireError of(String who, int status, byte[] body, @Nullable String retryAfter) {
    var error = error(body);
    var message = message(body);
    if (status == 401 || status == 403) {
      return WireError.upstream(
          "upstream_refused_key",
          "%s refuses its key (%d: %s). See its apiKey in lathe.yaml."
              .formatted(who, status, message));
    }
    if (status < 400) {
      return WireError.upstream(
          "upstream_garbage",
          "%s answers with status %d. See whether its address is right.".formatted(who, status));
    }
    var type = text(error, "type", null);
    return new WireError(
        status,
        type == null ? (status < 500 ? "invalid_request_error" : "server_error") : type,
        text(error, "param", null),
        text(error, "code", status == 429 ? "rate_limit_exceeded" : null),
        status < 500 ? message : "%s answers %d: %s".formatted(who, status, message),
        retryAfter);
  }

  /**
   * An error that stands where an answer was expected. Its status is {@code error.code} where that
   * is one, as many servers have it.
   */
  public static WireError inAnswer(String who, byte[] body) {
    int code = error(body).path("code").asInt(0);
    return of(who, code >= 400 && code < 600 ? code : 502, body, null);
  }

  /** The message in a body: {@code error.message}, {@code message}, or the body as it is. */
  public static String message(byte[] body) {
    var error = error(body);
    var message = error.isString() ? error.stringValue() : error.path("message").asString("");
    var said = message.isBlank() ? new String(body, StandardCharsets.UTF_8).strip() : message;
    var plain = said.replaceAll("\\p{Cntrl}", " ");
    return plain.isEmpty()
        ? "it does not say why"
        : plain.length() <= SHOWN ? plain : plain.substring(0, SHOWN) + "…";
  }

  private static JsonNode error(byte[] body) {
    try {
      var read = JsonMapper.shared().readTree(body);
      return read.has("error") ? read.path("error") : read;
    } catch (JacksonException e) {
      return JsonMapper.shared().createObjectNode();
    }
  }

  private static @Nullable String text(JsonNode error, String name, @Nullable String otherwise) {
    var value = error.path(name);
    return value.isString() || value.isNumber() ? value.asString() : otherwise;
  }
}
