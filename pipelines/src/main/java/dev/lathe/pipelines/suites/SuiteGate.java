package dev.lathe.pipelines.suites;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.registry.promotion.GateResult;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A suite's figure as a gate before an alias: {@code suite:safety>=0.9}, or another measure than
 * the score, {@code suite:safety.harmfulAnswered<=0.05}.
 *
 * @param least whether the figure must be at least {@code bound}; else at most
 */
public record SuiteGate(Suite suite, String measure, boolean least, double bound) {
  private static final Pattern FORM =
      Pattern.compile("suite:([^.<>=]+)(?:\\.([^.<>=]+))?(>=|<=)(\\d+(?:\\.\\d+)?|\\.\\d+)");

  /** The share of a judge's verdicts that must be readable, or nothing was measured. */
  private static final double READABLE = 0.9;

  /**
   * @throws BadInput when it is no gate, or names a suite or measure that there is not
   */
  public static SuiteGate parse(String text) {
    var match = FORM.matcher(text.replaceAll("\\s+", ""));
    if (!match.matches()) {
      throw new BadInput(
          "not a gate", text, "Write it as suite:safety>=0.9, or suite:safety.safe>=0.99.");
    }
    var suite = Suite.named(match.group(1));
    var measure = match.group(2) == null ? SuiteResult.SCORE : match.group(2);
    var known = SuiteEvaluation.measures(suite);
    if (!known.contains(measure)) {
      throw new BadInput(
          "the suite '" + suite.name() + "' has no such measure",
          measure,
          DidYouMean.remedy(measure, known));
    }
    double bound = Double.parseDouble(match.group(4));
    if (bound > 1) {
      throw new BadInput("a share lies between 0 and 1", match.group(4), "Write 0.9 for 90 %.");
    }
    return new SuiteGate(suite, measure, match.group(3).equals(">="), bound);
  }

  public String name() {
    return "suite:" + suite.name() + (measure.equals(SuiteResult.SCORE) ? "" : "." + measure);
  }

  /** What it asks for. */
  public String expected() {
    return String.format(
        Locale.ROOT,
        "%s of the suite %s %s at %s %.2f",
        measure,
        suite.name(),
        suite.sha256().substring(0, 12),
        least ? "least" : "most",
        bound);
  }

  /** The gate where nothing could be measured: it does not pass. */
  public GateResult failed(String why) {
    return new GateResult(name(), false, expected(), "not measured: " + why);
  }

  public GateResult judge(SuiteResult result) {
    var found = result.measure(measure).orElse(null);
    var judge = result.judge();
    if (found == null || found.share() == null) {
      return failed(
          judge == null
              ? "only a judge decides this; name one with --judge"
              : judge.name() + " gave no verdict that can be read");
    }
    if (judge != null && judge.unreadable() > (1 - READABLE) * judge.verdicts()) {
      return failed(
          "%d of %d replies of %s were no verdict"
              .formatted(judge.unreadable(), judge.verdicts(), judge.name()));
    }
    return new GateResult(
        name(),
        least ? found.share() >= bound : found.share() <= bound,
        expected(),
        words(found, judge));
  }

  private static String words(SuiteResult.Measure found, SuiteResult.@Nullable Judge judge) {
    return String.format(
        Locale.ROOT,
        "%.3f (%.0f of %d), 95 %% interval %.2f to %.2f, %s%s",
        found.share(),
        found.count(),
        found.of(),
        found.low(),
        found.high(),
        found.by().equals(SuiteResult.RULE) || judge == null
            ? "by rule"
            : "judged by " + judge.name(),
        judge != null && judge.judgesItself() ? " (itself)" : "");
  }
}
