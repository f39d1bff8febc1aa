package dev.lathe.serving.providers.remote;

import dev.lathe.serving.settings.Provider;
import dev.lathe.serving.settings.Secret;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where an upstream is.
 *
 * @param base what stands before the paths of its API, without a slash at its end
 * @param timeout the longest silence
 */
public record Endpoint(URI base, @Nullable Secret key, Duration timeout) {
  public static Endpoint of(Provider provider) {
    return new Endpoint(provider.baseUrl(), provider.apiKey(), provider.timeout());
  }

  /**
   * A local engine.
   *
   * @param root {@code http://127.0.0.1:PORT}
   */
  public static Endpoint of(URI root, Duration timeout) {
    return new Endpoint(root.resolve("/v1"), null, timeout);
  }

  URI at(String path) {
    return URI.create(base + path);
  }
}
