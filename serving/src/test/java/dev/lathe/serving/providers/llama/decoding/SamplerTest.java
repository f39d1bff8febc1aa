package dev.lathe.serving.providers.llama.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final float[] LOGITS = {0f, 2f, 1f, 2f, -5f};

  @Test
  void greedyTakesTheFirstOfTheLikeliest() {
    assertThat(sampler(Sampling.greedy()).next(LOGITS.clone())).isEqualTo(1);
  }

  @Test
  void drawsAsOftenAsTheProbabilitiesSay() {
    var drawn = frequencies(with(1, 0, 1, 0), 40_000);
    double sum = Math.exp(0) + 2 * Math.exp(2) + Math.exp(1) + Math.exp(-5);
    assertThat(drawn.get(0)).isCloseTo(Math.exp(0) / sum, within(0.01));
    assertThat(drawn.get(1)).isCloseTo(Math.exp(2) / sum, within(0.01));
    assertThat(drawn.get(2)).isCloseTo(Math.exp(1) / sum, within(0.01));
  }

  @Test
  void temperatureFlattens() {
    double sum = Math.exp(0) + 2 * Math.exp(1) + Math.exp(0.5) + Math.exp(-2.5);
    assertThat(frequencies(with(2, 0, 1, 0), 40_000).get(1))
        .isCloseTo(Math.exp(1) / sum, within(0.01));
  }

  @Test
  void topKTopPAndMinPLeaveTheLikeliest() {
    assertThat(frequencies(with(1, 2, 1, 0), 1_000)).containsOnlyKeys(1, 3);
    assertThat(frequencies(with(1, 0, 0.35, 0), 1_000)).containsOnlyKeys(1);
    assertThat(frequencies(with(1, 0, 0.75, 0), 1_000)).containsOnlyKeys(1, 3);
    assertThat(frequencies(with(1, 0, 1, 0.2), 1_000)).containsOnlyKeys(1, 2, 3);
  }

  @Test
  void equalSeedsDrawEqually() {
    var one = sampler(with(1, 0, 1, 0));
    var other = sampler(with(1, 0, 1, 0));
    for (int i = 0; i < 100; i++) {
      assertThat(one.next(LOGITS.clone())).isEqualTo(other.next(LOGITS.clone()));
    }
  }

  @Test
  void penaltiesPushDownWhatWasSaid() {
    var frequency = new Sampling(0, 0, 1, 0, 1, 0, 0.6, 0, Map.of());
    var sampler = sampler(frequency);
    assertThat(IntStream.range(0, 4).map(i -> sampler.next(LOGITS.clone())).toArray())
        .containsExactly(1, 3, 1, 3);
    var repeat = new Sampling(0, 0, 1, 0, 2, 0, 0, 0, Map.of());
    assertThat(new Sampler(repeat, new int[] {1, 3}, PIECES, null).next(LOGITS.clone()))
        .as("the prompt counts")
        .isEqualTo(1);
    assertThat(
            new Sampler(
                    new Sampling(0, 0, 1, 0, 2.1, 0, 0, 0, Map.of()),
                    new int[] {1, 3},
                    PIECES,
                    null)
                .next(LOGITS.clone()))
        .isEqualTo(2);
  }

  @Test
  void biasMovesSingleTokens() {
    var biased = new Sampling(0, 0, 1, 0, 1, 0, 0, 0, Map.of(4, 100.0));
    assertThat(sampler(biased).next(LOGITS.clone())).isEqualTo(4);
  }

  @Test
  void aModelThatGivesNoNumbersIsAnError() {
    var none = new float[] {Float.NaN, Float.NaN};
    assertThatThrownBy(() -> sampler(Sampling.greedy()).next(none))
        .isInstanceOf(IllegalStateException.class);
  }

  private static final Pieces PIECES = Pieces.of(new byte[5][0], java.util.List.of());

  private static Sampling with(double temperature, int topK, double topP, double minP) {
    return new Sampling(temperature, topK, topP, minP, 1, 0, 0, 7, Map.of());
  }

  private static Sampler sampler(Sampling sampling) {
    return new Sampler(sampling, new int[0], PIECES, null);
  }

  private static Map<Integer, Double> frequencies(Sampling sampling, int times) {
    var sampler = sampler(sampling);
    var counts = new TreeMap<Integer, Double>();
    for (int i = 0; i < times; i++) {
      counts.merge(sampler.next(LOGITS.clone()), 1.0 / times, Double::sum);
    }
    return counts;
  }
}
