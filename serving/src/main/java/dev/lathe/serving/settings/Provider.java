package dev.lathe.serving.settings;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A remote server.
 *
 * @param name stands before the colon in {@code lab:gpt-oss}
 * @param baseUrl what stands before the paths of its API, without a slash at its end
 * @param apiKey null for none
 * @param maxTokens of an answer, where the provider wants a number and the request has none
 * @param models what {@code /v1/models} lists of it; others may be asked for all the same
 * @param timeout the longest silence: before the first byte, and between two
 * @param connections open at one time, at most
 */
public record Provider(
    String name,
    ProviderKind kind,
    URI baseUrl,
    @Nullable Secret apiKey,
    int maxTokens,
    List<String> models,
    Duration timeout,
    int connections) {
  public Provider {
    models = List.copyOf(models);
  }
}
