package dev.lathe.serving.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class BettingIntervalTest {
  @Test
  void agreesWithTheReferenceNumbers() {
    for (var row : ReferenceNumbers.of("intervals")) {
      var numbers = row.path("differences").valueStream().mapToDouble(d -> d.asDouble()).toArray();
      var interval = new BettingInterval(numbers);
      for (var expected : row.path("intervals")) {
        double alpha = expected.path("alpha").asDouble();
        var name = row.path("name").asString() + " at " + alpha;
        assertThat(interval.low(alpha))
            .as(name)
            .isCloseTo(expected.path("low").asDouble(), within(1e-8));
        assertThat(interval.high(alpha))
            .as(name)
            .isCloseTo(expected.path("high").asDouble(), within(1e-8));
        assertThat(interval.pValue())
            .as(name)
            .isCloseTo(expected.path("pValue").asDouble(), Percentage.withPercentage(1e-6));
      }
      if (row.has("continuousPValue")) {
        assertThat(interval.pValue())
            .as("32 gamblers stand for all stakes")
            .isCloseTo(row.path("continuousPValue").asDouble(), Percentage.withPercentage(5));
      }
    }
  }

  @Test
  void saysNothingBeforeAnybodySpoke() {
    var none = new BettingInterval(new double[0]);
    assertThat(none.low(0.05)).isEqualTo(-1);
    assertThat(none.high(0.05)).isEqualTo(1);
    assertThat(none.pValue()).isEqualTo(1);
  }

  @Test
  void excludesZeroExactlyWhenThePValueIsBelowAlpha() {
    var random = new Random(3);
    for (int i = 0; i < 200; i++) {
      var d = random.doubles(60, -0.6, 1).toArray();
      var interval = new BettingInterval(Arrays.copyOf(d, 5 + i % 50));
      boolean excluded = interval.low(0.05) > 0 || interval.high(0.05) < 0;
      assertThat(excluded).isEqualTo(interval.pValue() <= 0.05);
    }
  }

  @Test
  void turnsRoundWithItsNumbers() {
    var d = new double[] {1, 0.5, -0.25, 0, 1, 1, 0.75, -1, 1, 0.5};
    var one = new BettingInterval(d);
    var other = new BettingInterval(Arrays.stream(d).map(x -> -x).toArray());
    assertThat(one.low(0.05)).isCloseTo(-other.high(0.05), within(1e-12));
    assertThat(one.pValue()).isEqualTo(other.pValue());
  }

  @Test
  void holdsTheTrueMeanAtAllTimesAtOnce() {
    var random = new Random(20261121);
    int missed = 0;
    for (int run = 0; run < 300; run++) {
      var d = new double[160];
      boolean out = false;
      for (int i = 0; i < d.length; i++) {
        d[i] = (random.nextDouble() < 0.8 ? 1 : 0) - (random.nextDouble() < 0.6 ? 1 : 0);
        if (i % 5 == 4) {
          var interval = new BettingInterval(Arrays.copyOf(d, i + 1));
          out |= interval.low(0.05) > 0.2 || interval.high(0.05) < 0.2;
        }
      }
      missed += out ? 1 : 0;
    }
    assertThat(missed).as("of 300 at 5 %").isLessThanOrEqualTo(15);
  }

  @Test
  void roundsAgainstItself() {
    var rough =
        new BettingInterval(new double[] {1 - 1e-9, 1 - 1e-9, 1 - 1e-9, 1, 1, 1, 1, 1, 1, 1});
    var all = new double[10];
    Arrays.fill(all, 1);
    assertThat(rough.low(0.05)).isLessThan(new BettingInterval(all).low(0.05));
  }

  @Test
  void refusesWhatCannotBeADifferenceOfRewards() {
    assertThatThrownBy(() -> new BettingInterval(new double[] {1.5}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BettingInterval(new double[] {Double.NaN}))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
