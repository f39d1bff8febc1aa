package dev.lathe.serving.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.accounting.Prices;
import dev.lathe.serving.accounting.RequestRow;
import dev.lathe.serving.settings.LatheYaml;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MetersTest {
  private final LatheYaml yaml =
      LatheYaml.of(
          Map.of(
              "providers",
              Map.of(
                  "lab",
                  Map.of("type", "openai", "baseUrl", "http://x/v1", "models", List.of("listed")),
                  "cloud",
                  Map.of("type", "openai", "baseUrl", "https://api.openai.com/v1"))),
          Map.of());
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Meters meters = new Meters(registry, new Labels(yaml, Prices.of(yaml)));

  private static RequestRow row(
      String target, @Nullable String provider, int status, @Nullable String error) {
    boolean came = status == 200;
    return new RequestRow(
        "a",
        Instant.EPOCH,
        "asked",
        target,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        true,
        status,
        error,
        came ? 30.0 : null,
        200.0,
        came ? 100 : null,
        came ? 7 : null,
        came ? 60 : null,
        came ? new BigDecimal("0.25") : null,
        provider,
        null,
        null);
  }

  private double requests(String model, String status) {
    var counter =
        registry
            .find("lathe.requests")
            .tags("gen_ai.response.model", model, "status", status, "streamed", "true")
            .counter();
    return counter == null ? 0 : counter.count();
  }

  @Test
  void whatARequestTakesIsMeasuredByItsTarget() {
    var row = row("support@3", null, 200, null);
    meters.began(row);
    assertThat(registry.get("lathe.requests.in.flight").gauge().value()).isEqualTo(1);
    meters.ended(row, 0.3);
    assertThat(registry.get("lathe.requests.in.flight").gauge().value()).isZero();
    var duration = registry.get("gen_ai.server.request.duration").timer();
    assertThat(duration.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(200);
    assertThat(duration.getId().getTag("gen_ai.provider.name")).isEqualTo("local");
    assertThat(
            registry
                .get("gen_ai.server.time_to_first_token")
                .timer()
                .totalTime(TimeUnit.MILLISECONDS))
        .isEqualTo(30);
    assertThat(registry.get("lathe.router.added").timer().totalTime(TimeUnit.MICROSECONDS))
        .isEqualTo(300);
    var tokens = registry.get("gen_ai.client.token.usage");
    assertThat(tokens.tag("gen_ai.token.type", "input").summary().totalAmount()).isEqualTo(100);
    assertThat(registry.get("lathe.tokens.cached").counter().count()).isEqualTo(60);
    assertThat(registry.get("lathe.cost.usd").counter().count()).isEqualTo(0.25);
  }

  @Test
  void howItEndedIsToldByFewWords() {
    meters.ended(row("base", null, 200, null), null);
    meters.ended(row("base", null, 200, "it broke off"), null);
    meters.ended(row("base", null, 499, "the client hung up"), null);
    meters.ended(row("base", null, 503, "down"), null);
    meters.ended(row("base", null, 404, "nothing"), null);
    assertThat(requests("base", "2xx")).isEqualTo(1);
    assertThat(requests("base", "broken_off")).isEqualTo(1);
    assertThat(requests("base", "client_left")).isEqualTo(1);
    assertThat(requests("base", "5xx")).isEqualTo(1);
    assertThat(requests("base", "4xx")).isEqualTo(1);
    meters.refused("tokens");
    assertThat(registry.get("lathe.refused").tag("reason", "tokens").counter().count())
        .isEqualTo(1);
  }

  @Test
  void namesThatClientsInventAreNoLabels() {
    meters.ended(row("lab:listed", "lab", 200, null), null);
    meters.ended(row("cloud:gpt-4o-mini", "cloud", 200, null), null);
    for (int i = 0; i < 500; i++) {
      meters.ended(row("lab:invented-" + i, "lab", 404, "no such model"), null);
    }
    assertThat(requests("lab:listed", "2xx")).isEqualTo(1);
    assertThat(requests("cloud:gpt-4o-mini", "2xx")).isEqualTo(1);
    assertThat(requests("lab:other", "4xx")).isEqualTo(500);
    for (int i = 0; i < 2 * Labels.MOST; i++) {
      meters.ended(row("version@" + i, null, 200, null), null);
    }
    assertThat(registry.find("lathe.requests").counters().size())
        .isLessThanOrEqualTo(Labels.MOST + 3);
  }
}
