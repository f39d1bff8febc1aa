package dev.lathe.serving.providers.remote;

import dev.lathe.serving.settings.Provider;
import dev.lathe.serving.settings.Secret;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where chat completions are asked for.
 *
 * @param chat the full address
 * @param key sent as bearer
 * @param timeout the longest silence
 */
public record Endpoint(URI chat, @Nullable Secret key, Duration timeout) {
  public static Endpoint of(Provider provider) {
    return new Endpoint(
        URI.create(provider.baseUrl() + "/chat/completions"),
        provider.apiKey(),
        provider.timeout());
  }

  /**
   * A local engine.
   *
   * @param root {@code http://127.0.0.1:PORT}
   */
  public static Endpoint of(URI root, Duration timeout) {
    return new Endpoint(root.resolve("/v1/chat/completions"), null, timeout);
  }
}
