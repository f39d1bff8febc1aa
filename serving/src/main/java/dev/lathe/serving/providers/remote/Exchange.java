package dev.lathe.serving.providers.remote;

import dev.lathe.serving.settings.Secret;
import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.UpstreamError;
import dev.lathe.serving.wire.WireError;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request in a provider's own words, and how its answer becomes OpenAI's. It holds nothing of
 * an answer, so it can be sent again, and elsewhere.
 */
public interface Exchange {
  /** Behind the provider's address, with a slash before it. */
  String path();

  /** The provider's own, its key's among them. */
  Map<String, String> headers(@Nullable Secret key);

  /** A key as most providers want it. */
  static Map<String, String> bearer(@Nullable Secret key) {
    return key == null ? Map.of() : Map.of("Authorization", "Bearer " + key.value());
  }

  byte[] body();

  /** Fields of the request that were dropped because they only hint at something. */
  default List<String> ignored() {
    return List.of();
  }

  /** Whether the answer tells what it used though the client did not ask for it. */
  default boolean tellsUsage() {
    return false;
  }

  /**
   * @param type of the answer's content, in lower case
   */
  default boolean isStream(String type) {
    return type.startsWith("text/event-stream");
  }

  /** A whole answer as a chat completion; what cannot be read as an answer stays as it is. */
  byte[] completion(byte[] answer);

  /** A streamed answer as chunks of a chat completion; an event that is an error stays one. */
  Chunks chunks(InputStream answer);

  /**
   * What the provider says instead of an answer.
   *
   * @param who it is, to begin a sentence with
   */
  default WireError refusal(String who, int status, byte[] body, @Nullable String retryAfter) {
    return UpstreamError.of(who, status, body, retryAfter);
  }
}
