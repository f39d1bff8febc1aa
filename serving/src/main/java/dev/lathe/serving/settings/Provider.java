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
 * @param streamUsage whether streams are asked for their usage, which some servers refuse
 * @param part which of a provider's several endpoints this is; empty for the only one
 * @param weight its share of the requests
 * @param parts the provider once for each of its endpoints; empty when it has but this one
 */
public record Provider(
    String name,
    ProviderKind kind,
    URI baseUrl,
    @Nullable Secret apiKey,
    int maxTokens,
    List<String> models,
    Duration timeout,
    int connections,
    boolean streamUsage,
    String part,
    double weight,
    List<Provider> parts) {
  public Provider {
    models = List.copyOf(models);
    parts = List.copyOf(parts);
  }

  /** The same provider at another address. */
  Provider at(String name, URI address, @Nullable Secret key, double share) {
    return new Provider(
        this.name,
        kind,
        address,
        key,
        maxTokens,
        models,
        timeout,
        connections,
        streamUsage,
        name,
        share,
        List.of());
  }

  /** The same provider at several addresses; its own is the first one's. */
  Provider over(List<Provider> endpoints) {
    var first = endpoints.getFirst();
    return new Provider(
        name,
        kind,
        first.baseUrl,
        first.apiKey,
        maxTokens,
        models,
        timeout,
        connections,
        streamUsage,
        "",
        1,
        endpoints);
  }
}
