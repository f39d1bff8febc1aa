package dev.lathe.serving.accounting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.settings.KnownPrices;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.settings.Price;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.dataformat.yaml.YAMLMapper;

class PricesTest {
  private static LatheYaml yaml(String text) {
    return LatheYaml.of(
        new YAMLMapper().readValue(text, new TypeReference<Map<String, Object>>() {}), Map.of());
  }

  private static final String PROVIDERS =
      """
      providers:
        cloud: {type: openai, baseUrl: "https://api.openai.com/v1"}
        openai: {type: openai, baseUrl: "http://127.0.0.1:9/v1"}
      """;

  @ParameterizedTest
  @CsvSource({
    "openai,gpt-4o-mini,1000000,0,0,0.150000000000",
    "openai,gpt-4o-mini,0,0,1000000,0.600000000000",
    "openai,gpt-4o-mini-2024-07-18,9,4,16,0.000010650000", // (5 * 0.15 + 4 * 0.075 + 16 * 0.60) /
    // 10^6
    "openai,gpt-4o-2024-05-13,1,1,1,0.000020000000", // without a price of its own, cached is input
    "anthropic,claude-sonnet-4-5-20250929,1000,900,10,0.000720000000",
    "cohere,command-r7b-12-2024,1,0,1,0.000000187500"
  })
  void theTableThatShipsIsExactToThePicodollar(
      String vendor, String model, int prompt, int cached, int completion, String usd) {
    var price = Objects.requireNonNull(KnownPrices.shipped().of(vendor, model));
    assertThat(Price.usd(price.of(prompt, cached, completion, 1234)).toPlainString())
        .isEqualTo(usd);
  }

  @Test
  void theTableNamesItsDayAndItsSources() {
    var known = KnownPrices.shipped();
    assertThat(known.read()).hasToString("2026-11-22");
    assertThat(known.vendors()).containsOnlyKeys("openai", "anthropic", "cohere");
    assertThat(known.vendors().values())
        .allMatch(v -> v.source().startsWith("https://") && !v.hosts().isEmpty())
        .allMatch(v -> v.models().values().stream().noneMatch(Price::isFree))
        .allMatch(v -> v.models().values().stream().allMatch(p -> p.cachedInput() <= p.input()));
  }

  @Test
  void theAddressAndNotTheNameSaysWhosePriceItIs() {
    var prices = Prices.of(yaml(PROVIDERS));
    assertThat(prices.of("cloud:gpt-4o", "cloud"))
        .isEqualTo(new Price(2_500_000, 1_250_000, 10_000_000, 0));
    assertThat(prices.of("openai:gpt-4o", "openai")).as("a gateway of that name").isNull();
    assertThat(prices.of("cloud:gpt-99", "cloud")).isNull();
    assertThat(prices.of("support@3", null)).isEqualTo(Price.FREE);
  }

  @Test
  void theFirstRuleThatFitsGoesBeforeTheTable() {
    var prices =
        Prices.of(
            yaml(
                PROVIDERS
                    + """
                    prices:
                      "cloud:gpt-4o": {input: 1, cachedInput: 0.5, output: 2}
                      "cloud:*": {per1kTokens: 0.003}
                      "openai:*": {input: 0, output: 0}
                      local: {perHour: 0.36}
                    """));
    assertThat(prices.of("cloud:gpt-4o", "cloud"))
        .isEqualTo(new Price(1_000_000, 500_000, 2_000_000, 0));
    assertThat(prices.of("cloud:gpt-4o-mini", "cloud"))
        .isEqualTo(new Price(3_000_000, 3_000_000, 3_000_000, 0));
    assertThat(prices.of("openai:anything", "openai")).isEqualTo(Price.FREE);
    var hour = Objects.requireNonNull(prices.of("support@3", null));
    assertThat(Price.usd(hour.of(9, 0, 16, 1_000))).isEqualByComparingTo("0.0001");
    for (int i = 0; i < 3_000; i++) {
      assertThat(prices.of("cloud:m" + i, "cloud")).isNotNull();
    }
  }

  @Test
  void savingsAreHeldAgainstAKnownPriceOrRefused() {
    assertThat(Prices.of(yaml("savingsAgainst: openai:gpt-4o-mini")).reference())
        .isEqualTo(new Price(150_000, 75_000, 600_000, 0));
    assertThat(Prices.of(yaml("prices: {'x:*': {input: 1, output: 1}}\nsavingsAgainst: x:y")))
        .matches(p -> p.reference() != null);
    assertThat(Prices.of(LatheYaml.defaults()).reference()).isNull();
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(() -> Prices.of(yaml("savingsAgainst: openai:gpt-0")))
        .withMessageContaining("openai:gpt-0");
  }

  @Test
  void badPricesAndKeysAreAllToldAtOnce() {
    assertThatExceptionOfType(BadInput.class)
        .isThrownBy(
            () ->
                yaml(
                    """
                    prices:
                      "a:*": {input: 1}
                      "b:*": {}
                      "c:*": {input: -1, output: cheap}
                      "d:*": {input: 0.0000001, output: 1, per1kTokens: 1}
                    keys:
                      Shop: {secret: "a-good-long-secret"}
                      both: {secret: "a-good-long-secret", sha256: "00"}
                      none: {}
                      twin: {secret: "a-good-long-secret", budgetUsd: {year: 3, day: lots}}
                      hash: {sha256: "77", concurrency: 0}
                      short: {secret: "abc"}
                      gone: {secret: "${NO_SUCH}"}
                    """))
        .withMessageContainingAll(
            "prices.a:*.input and output belong together",
            "prices.b:*.there is no price",
            "prices.c:*.input: -1 lies outside",
            "prices.c:*.output: 'cheap' is not",
            "prices.d:*.input: 1.0E-7 has more than six decimals",
            "prices.d:*.per1kTokens: it stands beside",
            "'Shop' is no name",
            "keys.both.one of 'secret'",
            "keys.none.one of 'secret'",
            "keys.twin.secret: it is that of 'Shop'",
            "keys.twin.budgetUsd.day: 'lots'",
            "unknown key 'keys.twin.budgetUsd.year'",
            "keys.hash.sha256: 64 hexadecimal digits",
            "keys.hash.concurrency: 0 lies outside",
            "keys.short.secret: it has fewer",
            "keys.gone.secret: the environment has no NO_SUCH")
        .withMessageNotContaining("a-good-long-secret");
  }
}
