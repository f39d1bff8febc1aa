package dev.lathe.serving.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AnalysisTest {
  private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

  private static ExperimentReport report(double[] weights, long[] subjects, List<Rater> raters) {
    var arms =
        IntStream.range(0, weights.length)
            .mapToObj(i -> new Arm(Character.toString('a' + i), weights[i]))
            .toList();
    var experiment = new Experiment("test", ExperimentState.RUNNING, 1, arms, NOW, null);
    var exposures =
        java.util.Arrays.stream(subjects)
            .mapToObj(n -> new ArmExposures(n, n, 0, null, null, null))
            .toList();
    return Analysis.report(
        experiment, new Phase(1, arms, NOW), new Outcomes.Read(exposures, raters));
  }

  private static ExperimentReport even(List<Rater> raters) {
    return report(new double[] {1, 1}, new long[] {500, 500}, raters);
  }

  /** Raters by turns, each arm with its share of contented ones. */
  private static List<Rater> raters(int each, double... contented) {
    var random = new Random(11);
    var raters = new ArrayList<Rater>();
    for (int i = 0; i < each; i++) {
      for (int arm = 0; arm < contented.length; arm++) {
        raters.add(new Rater(arm, random.nextDouble() < contented[arm] ? 1 : 0, 1));
      }
    }
    return raters;
  }

  @Test
  void withoutFeedbackTheDifferenceMayBeAnything() {
    var report = even(List.of());
    assertThat(report.difference()).isEqualTo(new ExperimentReport.Difference("b", null, -1, 1, 1));
    assertThat(report.arms().getFirst().mean()).isNull();
    assertThat(report.verdict()).startsWith("too early");
  }

  @Test
  void saysWhichArmIsBetterAndByHowMuch() {
    var report = even(raters(200, 0.4, 0.7));
    assertThat(report.difference().low()).isPositive();
    assertThat(report.pValue()).isLessThan(0.05);
    assertThat(report.verdict())
        .matches("b is better than a by 0\\.\\d\\d \\[0\\.\\d\\d, 0\\.\\d\\d]");
    var other = even(raters(200, 0.7, 0.4));
    assertThat(other.difference().high()).isNegative();
    assertThat(other.verdict()).startsWith("a is better than b by 0.");
  }

  @Test
  void saysThatItIsTooEarlyAndHowLargeTheDifferenceMayBe() {
    assertThat(even(raters(15, 0.5, 0.6)).verdict())
        .matches("too early: b may be worse by 0\\.\\d\\d than a or better by 0\\.\\d\\d");
  }

  @Test
  void saysThatThereIsNoDifferenceOfAnySize() {
    assertThat(even(raters(2500, 0.9, 0.9)).verdict()).startsWith("no difference larger than 0.0");
  }

  @Test
  void tellsNobodyToReadAMismatch() {
    var report = report(new double[] {1, 1}, new long[] {500, 300}, raters(200, 0.4, 0.7));
    assertThat(report.sampleRatio().mismatch()).isTrue();
    assertThat(report.verdict()).startsWith("sample ratio mismatch: do not read this");
  }

  @Test
  void aSubjectCountsOnceHoweverMuchItSays() {
    var raters = List.of(new Rater(0, 0.5, 1), new Rater(1, 1, 900), new Rater(1, 0, 1));
    var arm = even(raters).arms().get(1);
    assertThat(arm.mean()).isEqualTo(0.5);
    assertThat(arm.feedback()).isEqualTo(901);
    assertThat(arm.raters()).isEqualTo(2);
  }

  @Test
  void comparesEachArmWithTheFirstAndTellsTheBest() {
    var report =
        report(new double[] {1, 1, 1}, new long[] {400, 400, 400}, raters(400, 0.4, 0.5, 0.7));
    assertThat(report.differences())
        .extracting(ExperimentReport.Difference::target)
        .containsExactly("b", "c");
    assertThat(report.difference()).isEqualTo(report.differences().get(1));
    var alone = new BettingInterval(Blocks.of(raters(400, 0.4, 0.5, 0.7), 0, 2));
    assertThat(report.difference().low()).isCloseTo(alone.low(0.025), within(1e-12));
    assertThat(report.pValue()).isCloseTo(2 * alone.pValue(), within(1e-12));
  }

  /**
   * The promise itself: whoever looks after every handful of raters, and stops at the first "is
   * better", errs in one of twenty experiments at most. Unequal arms, three of them, rare
   * dissatisfaction, and an arm whose users speak more often.
   */
  @Test
  void peekingFindsNothingWhereNothingIs() {
    assertThat(found(new double[] {1, 1}, new double[] {1, 1}, 0.5)).isLessThanOrEqualTo(10);
    assertThat(found(new double[] {9, 1}, new double[] {1, 1}, 0.95)).isLessThanOrEqualTo(10);
    assertThat(found(new double[] {1, 1, 1}, new double[] {1, 1, 1}, 0.6)).isLessThanOrEqualTo(10);
    assertThat(found(new double[] {1, 1}, new double[] {1, 0.3}, 0.8)).isLessThanOrEqualTo(10);
  }

  /** In how many of 200 experiments a difference is ever found. */
  private static int found(double[] weights, double[] speaks, double contented) {
    var random = new Random(20261121);
    int found = 0;
    for (int run = 0; run < 200; run++) {
      var raters = new ArrayList<Rater>();
      var arms =
          IntStream.range(0, weights.length).mapToObj(i -> new Arm("arm" + i, weights[i])).toList();
      boolean ever = false;
      for (int i = 0; i < 300 && !ever; i++) {
        int arm = Allocation.arm("run" + run, 1, arms, "u-" + i);
        if (random.nextDouble() < speaks[arm]) {
          raters.add(new Rater(arm, random.nextDouble() < contented ? 1 : 0, 1));
        }
        if (i % 10 == 9) {
          var d = report(weights, new long[weights.length], raters).difference();
          ever = d.low() > 0 || d.high() < 0;
        }
      }
      found += ever ? 1 : 0;
    }
    return found;
  }
}
