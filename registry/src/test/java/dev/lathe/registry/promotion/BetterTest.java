package dev.lathe.registry.promotion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.registry.promotion.Better.Evidence;
import dev.lathe.registry.promotion.Better.Overlap;
import dev.lathe.registry.promotion.Better.Pair;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BetterTest {
  /** benchmarks/reference/paired_bootstrap.py made the numbers. */
  @Test
  void theIntervalIsThatOfTheReference() throws IOException {
    var reference = reference();
    int resamples = reference.get("resamples").asInt();
    assertThat(resamples).isEqualTo(Better.RESAMPLES);
    assertThat(reference.get("seed").asLong()).isEqualTo(Better.SEED);
    assertThat(reference.get("cases")).hasSize(4);
    for (var c : reference.get("cases")) {
      var interval = Better.interval(pairs(c), resamples, Better.SEED);
      var name = c.get("name").asString();
      assertThat(interval.mean()).as(name).isCloseTo(number(c, "mean"), within(1e-12));
      assertThat(interval.low()).as(name).isCloseTo(number(c, "low"), within(1e-12));
      assertThat(interval.high()).as(name).isCloseTo(number(c, "high"), within(1e-12));
      // Another generator and twenty times the resamples: what differs is chance.
      double width = interval.high() - interval.low();
      assertThat(interval.low()).as(name).isCloseTo(number(c, "numpyLow"), within(width * 0.05));
      assertThat(interval.high()).as(name).isCloseTo(number(c, "numpyHigh"), within(width * 0.05));
    }
  }

  @Test
  void aClearlyBetterModelPassesAndTheNumbersAreTold() {
    var result = Better.judge(evidence(pairs(30, -0.3, 1)));
    assertThat(result.passed()).isTrue();
    assertThat(result.found())
        .contains("support@2", "support@1", "support@1 test", "30 conversations", "interval -0.3");
    assertThat(result.expected()).contains("support@1", "below 0");
  }

  @Test
  void aModelNoBetterThanTheIncumbentIsRefused() {
    assertThat(Better.judge(evidence(pairs(30, 0, 1))).passed()).isFalse();
    assertThat(Better.judge(evidence(pairs(30, 0.3, 1))).passed()).isFalse();
    var same = pairs(30, -0.3, 1).stream().map(p -> pair(p.incumbent(), p)).toList();
    assertThat(Better.judge(evidence(same)).passed()).isFalse();
  }

  @Test
  void aModelThatIsRefusedWithFewConversationsPassesWithMoreOfTheSame() {
    assertThat(Better.judge(evidence(pairs(8, -0.02, 2))).passed()).isFalse();
    assertThat(Better.judge(evidence(pairs(800, -0.02, 2))).passed()).isTrue();
  }

  @Test
  void withoutADifferenceAboutOneInFortyModelsPassesByChance() {
    int passed = 0;
    for (int seed = 0; seed < 400; seed++) {
      var interval = Better.interval(pairs(40, 0, 100 + seed), 1000, seed);
      passed += interval.high() < 0 ? 1 : 0;
    }
    assertThat(passed).isBetween(2, 24);
  }

  @Test
  void aTestSetThatAModelWasTrainedOnIsRefusedByCount() {
    var evidence =
        new Evidence(
            "support@1 test",
            "support@2",
            "support@1",
            List.of(
                new Overlap("support@2", "support@2 train", 3),
                new Overlap("support@1", "support@1 train", 0)),
            pairs(30, -0.3, 1));
    var result = Better.judge(evidence);
    assertThat(result.passed()).isFalse();
    assertThat(result.found())
        .contains("3 conversations of it stand in support@2 train")
        .doesNotContain("support@1 train");
  }

  @Test
  void tooFewConversationsAreNoEvidence() {
    var result = Better.judge(evidence(pairs(5, -0.3, 1)));
    assertThat(result.passed()).isFalse();
    assertThat(result.found()).contains("5 conversations", "at least 6");
  }

  @Test
  void aLossThatIsNoNumberIsNoPass() {
    var pairs = new ArrayList<>(pairs(30, -0.3, 1));
    pairs.set(4, new Pair(Double.NaN, 10, 10));
    assertThat(Better.judge(evidence(pairs)).passed()).isFalse();
    pairs.set(4, new Pair(Double.NEGATIVE_INFINITY, 10, 10));
    assertThat(Better.judge(evidence(pairs)).passed()).isFalse();
  }

  private static Evidence evidence(List<Pair> pairs) {
    return new Evidence(
        "support@1 test",
        "support@2",
        "support@1",
        List.of(new Overlap("support@2", "support@2 train", 0)),
        pairs);
  }

  private static List<Pair> pairs(int n, double shift, long seed) {
    var random = new SplittableRandom(seed);
    var pairs = new ArrayList<Pair>();
    for (int i = 0; i < n; i++) {
      long labels = random.nextInt(10, 100);
      double incumbent = labels * random.nextDouble(1, 3);
      double change = shift + 0.1 * (random.nextDouble() + random.nextDouble() - 1);
      pairs.add(new Pair(incumbent + labels * change, incumbent, labels));
    }
    return pairs;
  }

  private static Pair pair(double candidate, Pair like) {
    return new Pair(candidate, like.incumbent(), like.labels());
  }

  private static List<Pair> pairs(JsonNode c) {
    var pairs = new ArrayList<Pair>();
    for (int i = 0; i < c.get("labels").size(); i++) {
      pairs.add(
          new Pair(
              c.get("candidate").get(i).asDouble(),
              c.get("incumbent").get(i).asDouble(),
              c.get("labels").get(i).asLong()));
    }
    return pairs;
  }

  private static double number(JsonNode c, String key) {
    return c.get(key).asDouble();
  }

  private static JsonNode reference() throws IOException {
    try (var in = BetterTest.class.getResourceAsStream("paired_bootstrap.json")) {
      return JsonMapper.shared().readTree(in);
    }
  }
}
