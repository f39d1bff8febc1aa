package dev.lathe.serving.experiments;

import dev.lathe.serving.experiments.ExperimentReport.ArmReport;
import dev.lathe.serving.experiments.ExperimentReport.Difference;
import dev.lathe.serving.experiments.ExperimentReport.Latency;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns outcomes into a report. The subject is the unit: who speaks of many answers counts once,
 * with the mean of what was said. With more than two arms each is compared with the first at alpha
 * / (arms - 1) (Bonferroni), so that the choice of the best of them costs nothing.
 */
final class Analysis {
  static final double ALPHA = 0.05;

  private Analysis() {}

  static ExperimentReport report(Experiment experiment, Phase phase, Outcomes.Read read) {
    var arms = new ArrayList<ArmReport>();
    for (int i = 0; i < phase.arms().size(); i++) {
      arms.add(arm(phase.arms().get(i), i, read));
    }
    var differences = new ArrayList<Difference>();
    for (int i = 1; i < arms.size(); i++) {
      differences.add(difference(arms, i, read.raters()));
    }
    var subjects = arms.stream().mapToLong(ArmReport::subjects).toArray();
    var ratio = SampleRatio.of(phase.arms(), subjects);
    var best = best(arms, differences);
    return new ExperimentReport(
        experiment.id(),
        experiment.state(),
        phase.number(),
        experiment.phase(),
        experiment.startedAt(),
        phase.startedAt(),
        experiment.endedAt(),
        1 - ALPHA,
        arms,
        best,
        differences,
        best.pValue(),
        ratio,
        Verdict.of(arms.getFirst().target(), best, differences.size(), ratio));
  }

  private static ArmReport arm(Arm arm, int index, Outcomes.Read read) {
    var e = read.arms().get(index);
    long answers = 0;
    long raters = 0;
    double sum = 0;
    for (var rater : read.raters()) {
      if (rater.arm() == index) {
        answers += rater.answers();
        raters++;
        sum += rater.mean();
      }
    }
    return new ArmReport(
        arm.target(),
        arm.weight(),
        e.subjects(),
        e.exposures(),
        answers,
        raters,
        raters == 0 ? null : sum / raters,
        new Latency(e.p50(), e.p95()),
        e.errors(),
        e.cost());
  }

  private static Difference difference(List<ArmReport> arms, int arm, List<Rater> raters) {
    int comparisons = arms.size() - 1;
    var interval = new BettingInterval(Blocks.of(raters, 0, arm));
    var mean = minus(arms.get(arm).mean(), arms.getFirst().mean());
    double low = interval.low(ALPHA / comparisons);
    double high = interval.high(ALPHA / comparisons);
    // Raters who wait for their block count in the means already: never tell a mean outside.
    return new Difference(
        arms.get(arm).target(),
        mean,
        mean == null ? low : Math.min(low, mean),
        mean == null ? high : Math.max(high, mean),
        Math.min(1, comparisons * interval.pValue()));
  }

  private static @Nullable Double minus(@Nullable Double a, @Nullable Double b) {
    return a == null || b == null ? null : (Double) (a - b);
  }

  /** The one with the highest mean; the first of them while nobody has spoken. */
  private static Difference best(List<ArmReport> arms, List<Difference> differences) {
    int best = 0;
    var byMean = Comparator.nullsFirst(Comparator.<Double>naturalOrder());
    for (int i = 1; i < differences.size(); i++) {
      if (byMean.compare(arms.get(i + 1).mean(), arms.get(best + 1).mean()) > 0) {
        best = i;
      }
    }
    return differences.get(best);
  }
}
