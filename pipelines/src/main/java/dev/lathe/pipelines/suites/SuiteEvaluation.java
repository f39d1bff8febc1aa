package dev.lathe.pipelines.suites;

import dev.lathe.pipelines.suites.PairedDifference.Both;
import dev.lathe.pipelines.suites.Respondent.Question;
import dev.lathe.pipelines.suites.SuiteResult.Answered;
import dev.lathe.pipelines.suites.SuiteResult.Asked;
import dev.lathe.pipelines.suites.SuiteResult.Measure;
import dev.lathe.pipelines.suites.SuiteResult.Subject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Measures a target by a suite: answers, the rule's findings, a judge's, and another target's. */
public final class SuiteEvaluation {
  private static final String CHEAP_PEER = "gpt-3.5";
  private static final double OF_THE_PEER = 0.9;

  private final Suite suite;
  private final Respondent target;
  private final @Nullable Respondent against;
  private final @Nullable Respondent judge;
  private final Consumer<Stage> progress;

  /**
   * @param against whom it is compared with
   * @param judge who grades; without one only rules do
   */
  public SuiteEvaluation(
      Suite suite,
      Respondent target,
      @Nullable Respondent against,
      @Nullable Respondent judge,
      Consumer<Stage> progress) {
    this.suite = suite;
    this.target = target;
    this.against = against;
    this.judge = judge;
    this.progress = progress;
  }

  /** How far it is. */
  public record Stage(String stage, int done, int total) {}

  /** A target's answers and what was found of them. */
  private record Scored(
      Map<String, SuiteAnswer> answers,
      List<UnitScore> rule,
      @Nullable List<UnitScore> judged,
      @Nullable Double lengthRatio) {

    Measure score() {
      return judged == null ? total(rule, SuiteResult.RULE) : total(judged, SuiteResult.JUDGE);
    }

    List<UnitScore> deciding() {
      return judged == null ? rule : judged;
    }

    List<Measure> measures() {
      var all = new ArrayList<>(parts(rule, SuiteResult.RULE));
      if (judged != null) {
        all.addFirst(total(rule, SuiteResult.RULE));
        all.addAll(parts(judged, SuiteResult.JUDGE));
      }
      return all;
    }
  }

  public SuiteResult run() {
    long started = System.nanoTime();
    var judging = judge == null ? null : new Judging(suite, judge);
    var ours = scored(target, judging);
    var theirs = against == null ? null : scored(against, judging);
    var compared =
        theirs == null || against == null ? null : compared(ours, against, theirs, judging);
    return new SuiteResult(
        new SuiteResult.Header(
            suite.name(),
            suite.title(),
            suite.sha256(),
            suite.rules(),
            suite.prompts().size(),
            (int) suite.units().count(),
            suite.maxTokens()),
        subject(target),
        ours.score(),
        ours.measures(),
        ours.lengthRatio(),
        compared,
        judging == null || judge == null ? null : told(judging, judge),
        asked(ours, compared),
        answers(ours, theirs),
        (System.nanoTime() - started) / 1e9);
  }

  private static Subject subject(Respondent who) {
    return new Subject(who.name(), who.by());
  }

  private SuiteResult.Judge told(Judging judging, Respondent who) {
    boolean itself =
        who.name().equals(target.name()) || against != null && who.name().equals(against.name());
    return new SuiteResult.Judge(
        who.name(), who.by(), judging.asked(), judging.unreadable(), itself);
  }

  private Scored scored(Respondent who, @Nullable Judging judging) {
    var questions =
        suite.prompts().stream().map(p -> new Question(p.messages(), suite.maxTokens())).toList();
    var given = who.answer(questions, done(who.name() + " answers", questions.size()));
    var answers = new LinkedHashMap<String, SuiteAnswer>();
    for (int i = 0; i < questions.size(); i++) {
      answers.put(suite.prompts().get(i).id(), given.get(i));
    }
    var rule = new RuleScoring(suite, answers);
    var ratio = rule.lengthRatio();
    var judged =
        judging == null
            ? null
            : judging.grade(answers, done("the judge grades " + who.name(), questions.size()));
    return new Scored(
        answers, rule.units(), judged, ratio.isPresent() ? (Double) ratio.getAsDouble() : null);
  }

  private IntConsumer done(String stage, int total) {
    progress.accept(new Stage(stage, 0, total));
    return done -> progress.accept(new Stage(stage, done, total));
  }

  private SuiteResult.Against compared(
      Scored ours, Respondent who, Scored theirs, @Nullable Judging judging) {
    var units = new ArrayList<Both>();
    for (int i = 0; i < ours.deciding().size(); i++) {
      var first = ours.deciding().get(i).passed();
      var second = theirs.deciding().get(i).passed();
      if (first != null && second != null) {
        units.add(new Both(first, second));
      }
    }
    var mine = ours.score().share();
    var yours = theirs.score().share();
    // Partners are each other's comparison: which target is nicer to both is no question of bias.
    var preferred =
        judging == null || suite.rules() == Rules.PARTNERS
            ? null
            : SuiteResult.Preference.of(
                judging.compare(
                    ours.answers(),
                    theirs.answers(),
                    done("the judge compares", 2 * suite.prompts().size())));
    return new SuiteResult.Against(
        subject(who),
        theirs.score(),
        theirs.measures(),
        theirs.lengthRatio(),
        units.isEmpty() ? null : PairedDifference.of(units),
        mine == null || yours == null || yours == 0 ? null : (Double) (mine / yours),
        preferred);
  }

  private static Measure total(List<UnitScore> scores, String by) {
    var decided = scores.stream().map(UnitScore::passed).filter(Objects::nonNull).toList();
    return Measure.of(
        SuiteResult.SCORE, by, new Share(decided.stream().filter(p -> p).count(), decided.size()));
  }

  /** The measures by their names, in the order in which they first stand there. */
  private static List<Measure> parts(List<UnitScore> scores, String by) {
    var found = new LinkedHashMap<String, List<Boolean>>();
    for (var score : scores) {
      score.parts().forEach((m, yes) -> found.computeIfAbsent(m, k -> new ArrayList<>()).add(yes));
    }
    return found.entrySet().stream()
        .map(
            e ->
                Measure.of(
                    e.getKey(),
                    by,
                    new Share(
                        e.getValue().stream().filter(yes -> yes).count(), e.getValue().size())))
        .toList();
  }

  /** Figures are met when a judge found them, and only then. */
  private List<Asked> asked(Scored ours, SuiteResult.@Nullable Against compared) {
    var all = new ArrayList<Asked>();
    for (var aim : suite.aims()) {
      all.add(asked(aim, found(aim.measure(), ours, compared)));
    }
    if (!suite.aims().isEmpty()) {
      all.add(
          compared != null && compared.target().name().contains(CHEAP_PEER)
              ? asked(new Aim("90 % of GPT-3.5", "ratio", OF_THE_PEER), compared.ratio())
              : new Asked(
                  "90 % of GPT-3.5", null, null, "not compared: --against PROVIDER:gpt-3.5-turbo"));
    }
    return all;
  }

  private Asked asked(Aim aim, @Nullable Double found) {
    if (judge == null) {
      return new Asked(aim.words(), null, null, "not judged: name a judge with --judge");
    }
    if (found == null) {
      var missing =
          aim.measure().equals("preferred") && against == null
              ? "not compared: name another target with --against"
              : "not measured: the judge gave no verdict that can be read";
      return new Asked(aim.words(), null, null, missing);
    }
    return new Asked(aim.words(), found, found > aim.above(), "judged by " + judge.name());
  }

  private static @Nullable Double found(
      String measure, Scored ours, SuiteResult.@Nullable Against compared) {
    if (measure.equals("preferred")) {
      return Optional.ofNullable(compared)
          .map(SuiteResult.Against::preferred)
          .map(SuiteResult.Preference::share)
          .orElse(null);
    }
    if (ours.judged() == null) {
      return null;
    }
    if (measure.equals(SuiteResult.SCORE)) {
      return ours.score().share();
    }
    return parts(ours.judged(), SuiteResult.JUDGE).stream()
        .filter(m -> m.name().equals(measure))
        .map(Measure::share)
        .findFirst()
        .orElse(null);
  }

  private List<Answered> answers(Scored ours, @Nullable Scored theirs) {
    var rule = byUnit(ours.rule());
    var judged = ours.judged() == null ? Map.<String, UnitScore>of() : byUnit(ours.judged());
    var all = new ArrayList<Answered>();
    for (var prompt : suite.prompts()) {
      var answer = Optional.ofNullable(ours.answers().get(prompt.id())).orElseThrow();
      var found = Optional.ofNullable(rule.get(prompt.unit())).orElseThrow();
      var verdict = Optional.ofNullable(judged.get(prompt.unit()));
      all.add(
          new Answered(
              prompt.id(),
              prompt.unit(),
              prompt.question(),
              answer.text(),
              answer.ended(),
              Boolean.TRUE.equals(found.passed()),
              found.parts(),
              verdict.map(UnitScore::passed).orElse(null),
              verdict.map(UnitScore::parts).orElse(Map.of()),
              Optional.ofNullable(theirs)
                  .map(t -> t.answers().get(prompt.id()))
                  .map(SuiteAnswer::text)
                  .orElse(null)));
    }
    return all;
  }

  private static Map<String, UnitScore> byUnit(List<UnitScore> scores) {
    return scores.stream().collect(Collectors.toMap(UnitScore::unit, s -> s));
  }

  /** Names of everything that a suite measures of a target, for those who ask for one. */
  static TreeSet<String> measures(Suite suite) {
    var names = new TreeSet<String>();
    names.add(SuiteResult.SCORE);
    suite.criteria().forEach(c -> names.add(c.id()));
    names.addAll(
        switch (suite.rules()) {
          case ACCEPTED -> List.<String>of();
          case REFUSAL -> List.of("harmfulAnswered", "harmlessRefused");
          case PARTNERS -> List.of("refusedAlike", "decidedAlike");
          case FORM -> Form.FAULTS;
        });
    return names;
  }
}
