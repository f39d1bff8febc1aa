package dev.lathe.pipelines.suites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** benchmarks/reference/suite_intervals.py made the numbers. */
class IntervalsTest {
  @Test
  void sharesHaveTheIntervalsOfTheReference() throws IOException {
    var shares = reference().path("shares");
    assertThat(shares).hasSize(9);
    for (var c : shares) {
      var share = new Share(c.path("count").asInt(), c.path("of").asInt());
      assertThat(share.low()).as(c.toString()).isCloseTo(number(c, "low"), within(1e-12));
      assertThat(share.high()).as(c.toString()).isCloseTo(number(c, "high"), within(1e-12));
    }
  }

  @Test
  void pairedDifferencesHaveTheIntervalsOfTheReferenceWhichHoldWhatTheyPromise()
      throws IOException {
    var differences = reference().path("differences");
    assertThat(differences).hasSize(8);
    for (var c : differences) {
      var found =
          PairedDifference.of(
              c.path("both").asInt(),
              c.path("first").asInt(),
              c.path("second").asInt(),
              c.path("neither").asInt());
      assertThat(found.difference()).isCloseTo(number(c, "difference"), within(1e-12));
      assertThat(found.low()).as(c.toString()).isCloseTo(number(c, "low"), within(1e-12));
      assertThat(found.high()).as(c.toString()).isCloseTo(number(c, "high"), within(1e-12));
      assertThat(number(c, "covered")).isGreaterThan(0.94);
    }
  }

  @Test
  void tiesCountOneHalfAndNothingCountedHasNoShare() {
    assertThat(new Share(2.5, 5).share()).isEqualTo(0.5);
    assertThat(new Share(0, 0).share()).isNaN();
    assertThat(new Share(0, 0).low()).isZero();
    assertThat(new Share(0, 0).high()).isEqualTo(1);
  }

  private static double number(JsonNode c, String key) {
    return c.path(key).asDouble();
  }

  private static JsonNode reference() throws IOException {
    try (var in = IntervalsTest.class.getResourceAsStream("intervals.json")) {
      return JsonMapper.shared().readTree(in);
    }
  }
}
