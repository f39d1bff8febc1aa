package dev.lathe.pipelines.suites;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A target measured by a suite.
 *
 * @param score of the judge, where there is one; else the rule's
 * @param scores one by rule and one by judge, with what they are made of
 * @param asked figures that were asked of such a model, beside what was found
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record SuiteResult(
    Header suite,
    Subject target,
    Measure score,
    List<Measure> measures,
    @Nullable Double lengthRatio,
    @Nullable Against against,
    @Nullable Judge judge,
    List<Asked> asked,
    List<Answered> answers,
    double seconds) {

  /** The name of the measure that says how many units passed. */
  public static final String SCORE = "score";

  /** Who found something. */
  public static final String RULE = "rule";

  public static final String JUDGE = "judge";

  /**
   * @param units what is counted: prompts, or pairs of them
   * @param maxTokens at which answers were cut off
   */
  public record Header(
      String name,
      String title,
      String sha256,
      Rules rules,
      int prompts,
      int units,
      int maxTokens) {}

  /**
   * @param by engine, trainer or provider
   */
  public record Subject(String name, String by) {}

  /**
   * A share of units with its 95 % interval.
   *
   * @param by rule or judge
   * @param share null where there is nothing to be counted
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Measure(
      String name,
      String by,
      @Nullable Double share,
      double low,
      double high,
      double count,
      int of) {
    static Measure of(String name, String by, Share s) {
      return new Measure(
          name, by, s.of() == 0 ? null : (Double) s.share(), s.low(), s.high(), s.count(), s.of());
    }
  }

  /**
   * The same suite with another target, and the two side by side.
   *
   * @param difference of the scores, ours minus theirs, over the units that both have; null where
   *     there are none
   * @param ratio of the scores; null where theirs is 0
   * @param preferred null without a judge, and for partners
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Against(
      Subject target,
      Measure score,
      List<Measure> measures,
      @Nullable Double lengthRatio,
      @Nullable PairedDifference difference,
      @Nullable Double ratio,
      @Nullable Preference preferred) {}

  /**
   * How often a judge preferred the target, asked twice with places exchanged.
   *
   * @param share of the decided, a tie counting one half; null where none was
   * @param undecided one of the two replies was no verdict
   * @param firstShare how often a choice fell on the answer that stood first; 0.5 is fair, null
   *     where there was none
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Preference(
      @Nullable Double share,
      double low,
      double high,
      int wins,
      int losses,
      int ties,
      int undecided,
      @Nullable Double firstShare) {
    static Preference of(Judging.Preferred p) {
      var s = p.share();
      return new Preference(
          s.of() == 0 ? null : (Double) s.share(),
          s.low(),
          s.high(),
          p.wins(),
          p.losses(),
          p.ties(),
          p.undecided(),
          p.choices() == 0 ? null : (Double) ((double) p.first() / p.choices()));
    }
  }

  /**
   * @param verdicts that were asked for
   * @param unreadable replies that were no verdict
   * @param judgesItself it is one of the two that it judges
   */
  public record Judge(String name, String by, int verdicts, int unreadable, boolean judgesItself) {}

  /**
   * A figure that was asked of such a model.
   *
   * @param found what a judge found; null without one
   * @param met null where nobody judged
   * @param note why there is nothing, or who judged
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Asked(String figure, @Nullable Double found, @Nullable Boolean met, String note) {}

  /**
   * One answer.
   *
   * @param ended whether the model ended it
   * @param passed by the rule; a pair's for both partners
   * @param judged by the judge; null without one or without a verdict
   * @param verdict by criterion
   * @param against the other target's answer
   */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  public record Answered(
      String prompt,
      String unit,
      String question,
      String answer,
      boolean ended,
      boolean passed,
      Map<String, Boolean> found,
      @Nullable Boolean judged,
      Map<String, Boolean> verdict,
      @Nullable String against) {}

  /** A measure by its name; of the judge's where it has one. */
  public Optional<Measure> measure(String name) {
    if (name.equals(SCORE)) {
      return Optional.of(score);
    }
    return Stream.of(JUDGE, RULE)
        .flatMap(by -> measures.stream().filter(m -> m.by().equals(by) && m.name().equals(name)))
        .findFirst();
  }
}
