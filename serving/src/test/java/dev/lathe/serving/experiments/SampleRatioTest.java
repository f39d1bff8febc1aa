package dev.lathe.serving.experiments;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class SampleRatioTest {
  private static final List<Arm> EVEN = List.of(new Arm("a", 1), new Arm("b", 1));

  @Test
  void agreesWithTheReferenceNumbers() {
    for (var row : ReferenceNumbers.of("sampleRatios")) {
      var weights = row.path("weights").valueStream().mapToDouble(JsonNode::asDouble).toArray();
      var arms = new java.util.ArrayList<Arm>();
      for (int i = 0; i < weights.length; i++) {
        arms.add(new Arm("arm" + i, weights[i]));
      }
      var subjects = row.path("subjects").valueStream().mapToLong(JsonNode::asLong).toArray();
      assertThat(SampleRatio.of(arms, subjects).pValue())
          .as(row.toString())
          .isCloseTo(row.path("pValue").asDouble(), Percentage.withPercentage(1e-4));
    }
  }

  @Test
  void isSilentOverSubjectsWhoCameAsTheWeightsSayHoweverOftenItIsAsked() {
    var random = new Random(17);
    int alarms = 0;
    int suspicions = 0;
    for (int run = 0; run < 200; run++) {
      var subjects = new long[2];
      double least = 1;
      for (int i = 1; i <= 1000; i++) {
        subjects[random.nextInt(2)]++;
        if (i % 20 == 0) {
          least = Math.min(least, SampleRatio.of(EVEN, subjects).pValue());
        }
      }
      alarms += least < 0.001 ? 1 : 0;
      suspicions += least < 0.05 ? 1 : 0;
    }
    assertThat(alarms).as("of 200 at 0.1 %").isLessThanOrEqualTo(1);
    assertThat(suspicions).as("of 200 at 5 %").isLessThanOrEqualTo(10);
  }

  @Test
  void seesAnArmThatLosesATenthOfItsSubjects() {
    assertThat(SampleRatio.of(EVEN, new long[] {5000, 4500}).mismatch()).isTrue();
    assertThat(SampleRatio.of(EVEN, new long[] {50, 45}).mismatch()).isFalse();
  }
}
