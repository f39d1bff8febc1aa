package dev.lathe.serving.experiments;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AllocationTest {
  private static final int SUBJECTS = 40_000;
  private static final List<Arm> EVEN = List.of(new Arm("a", 1), new Arm("b", 1));

  @Test
  void isTheFunctionThatItsDescriptionSays() {
    var arms = List.of("even", "canary", "three");
    var weights =
        List.of(
            EVEN, arms("a", 9, "b", 1), List.of(new Arm("a", 2), new Arm("b", 1), new Arm("c", 1)));
    for (var row : ReferenceNumbers.of("assignments")) {
      var experiment = row.path("experiment").asString();
      int phase = row.path("phase").asInt();
      var subject = row.path("subject").asString();
      assertThat(Allocation.point(experiment, phase, subject))
          .isEqualTo(row.path("point").asDouble());
      for (int i = 0; i < arms.size(); i++) {
        assertThat(Allocation.arm(experiment, phase, weights.get(i), subject))
            .as("%s of %s", arms.get(i), row)
            .isEqualTo(row.path("arms").path(arms.get(i)).asInt());
      }
    }
  }

  @Test
  void spreadsSubjectsEvenlyOverTheLine() {
    var bins = new int[20];
    for (int i = 0; i < SUBJECTS; i++) {
      bins[(int) (Allocation.point("voice", 1, "u-" + i) * bins.length)]++;
    }
    double expected = (double) SUBJECTS / bins.length;
    double chiSquare = 0;
    for (int bin : bins) {
      chiSquare += (bin - expected) * (bin - expected) / expected;
    }
    assertThat(chiSquare).as("19 degrees of freedom: 43.8 in one of a thousand").isLessThan(43.8);
  }

  @Test
  void givesEveryArmItsShare() {
    var arms = List.of(new Arm("a", 7), new Arm("b", 0.5), new Arm("c", 2.5));
    var counts = new int[3];
    for (int i = 0; i < SUBJECTS; i++) {
      counts[Allocation.arm("shares", 1, arms, "u-" + i)]++;
    }
    assertShare(counts[0], 0.7);
    assertShare(counts[1], 0.05);
    assertShare(counts[2], 0.25);
  }

  @Test
  void saysNothingInOneExperimentOrPhaseOfWhatItSaysInAnother() {
    assertThat(agreement("one", 1, "two", 1)).isBetween(0.49, 0.51);
    assertThat(agreement("one", 1, "one", 2)).isBetween(0.49, 0.51);
    assertThat(agreement("one", 1, "one-1", 1)).isBetween(0.49, 0.51);
    assertThat(agreement("one", 1, "one", 1)).isEqualTo(1);
  }

  private static double agreement(String one, int phase, String other, int otherPhase) {
    int same = 0;
    for (int i = 0; i < SUBJECTS; i++) {
      var subject = "u-" + i;
      if (Allocation.arm(one, phase, EVEN, subject)
          == Allocation.arm(other, otherPhase, EVEN, subject)) {
        same++;
      }
    }
    return (double) same / SUBJECTS;
  }

  /** Within four standard deviations. */
  private static void assertShare(int count, double share) {
    double deviation = Math.sqrt(SUBJECTS * share * (1 - share));
    assertThat((double) count)
        .isBetween(SUBJECTS * share - 4 * deviation, SUBJECTS * share + 4 * deviation);
  }

  private static List<Arm> arms(String a, double weightA, String b, double weightB) {
    return List.of(new Arm(a, weightA), new Arm(b, weightB));
  }
}
