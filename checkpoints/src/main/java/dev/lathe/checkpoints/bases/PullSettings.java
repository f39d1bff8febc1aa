package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How sources are reached.
 *
 * @param endpoint of the Hugging Face hub, or of a mirror
 * @param token for gated repositories; sent to the endpoint's host only
 * @param pips commands that are pip, tried in this order
 * @param connectTimeout short: a network without the hub must not keep anybody waiting
 * @param readTimeout the longest silence within a download
 * @param attempts how often a broken download is taken up again within one pull
 */
public record PullSettings(
    URI endpoint,
    @Nullable String token,
    List<List<String>> pips,
    Duration connectTimeout,
    Duration readTimeout,
    int attempts) {
  public PullSettings {
    pips = List.copyOf(pips);
    var scheme = endpoint.getScheme();
    if (endpoint.getHost() == null || !("https".equals(scheme) || "http".equals(scheme))) {
      throw new BadInput(
          "HF_ENDPOINT is no web address", endpoint.toString(), "Write https://HOST.");
    }
  }

  /** What {@code HF_ENDPOINT} and {@code HF_TOKEN} say, and the machine's own pip. */
  public static PullSettings of(Map<String, String> environment) {
    var endpoint = environment.getOrDefault("HF_ENDPOINT", "https://huggingface.co");
    var token = environment.getOrDefault("HF_TOKEN", "");
    URI uri;
    try {
      uri = URI.create(endpoint.strip().replaceFirst("/+$", ""));
    } catch (IllegalArgumentException e) {
      throw new BadInput("HF_ENDPOINT is no web address", endpoint, "Write https://HOST.", e);
    }
    return new PullSettings(
        uri,
        token.isBlank() ? null : token.strip(),
        List.of(List.of("python3", "-m", "pip"), List.of("pip"), List.of("pip3")),
        Duration.ofSeconds(4),
        Duration.ofSeconds(60),
        5);
  }

  /** Without the token: settings are printed in errors and logs. */
  @Override
  public String toString() {
    return "PullSettings[endpoint="
        + endpoint
        + ", token="
        + (token == null ? "none" : "***")
        + "]";
  }
}
