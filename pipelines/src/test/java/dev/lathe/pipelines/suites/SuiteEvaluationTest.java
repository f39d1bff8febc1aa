package dev.lathe.pipelines.suites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.suites.SuiteResult.Asked;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SuiteEvaluationTest {
  private static final Suite FACTS =
      Suite.of(
          "own",
          """
          rules: accepted
          criteria: {right: {text: It is right.}}
          asked:
            "right > 50 %": {measure: score, above: 0.5}
            "preferred > 80 %": {measure: preferred, above: 0.8}
          prompts:
            france: {ask: "Capital of France?", accept: [Paris]}
            italy: {ask: "Capital of Italy?", accept: [Rome]}
            spain: {ask: "Capital of Spain?", accept: [Madrid]}
            japan: {ask: "Capital of Japan?", accept: [Tokyo]}
          """);

  /** Says what a function says of the last thing that was said to it. */
  private record Says(String name, Function<String, String> reply) implements Respondent {
    @Override
    public String by() {
      return "provider";
    }

    @Override
    public List<SuiteAnswer> answer(List<Question> questions, IntConsumer done) {
      var answers = new ArrayList<SuiteAnswer>();
      for (var question : questions) {
        answers.add(new SuiteAnswer(reply.apply(question.messages().getLast().content()), true));
        done.accept(answers.size());
      }
      return answers;
    }
  }

  private static Says knows(String name, String... capitals) {
    return new Says(
        name,
        asked -> {
          for (var capital : capitals) {
            if (asked.contains(COUNTRY.apply(capital))) {
              return "It is " + capital + ".";
            }
          }
          return "I forgot.";
        });
  }

  private static final Function<String, String> COUNTRY =
      capital ->
          switch (capital) {
            case "Paris" -> "France";
            case "Rome" -> "Italy";
            case "Madrid" -> "Spain";
            default -> "Japan";
          };

  /** Grades by the reference that it is shown, and prefers an answer that does not forget. */
  private static final Says FAIR =
      new Says(
          "lab:judge",
          asked -> {
            if (asked.contains("<answer-A>")) {
              boolean a = !asked.contains("<answer-A>\nI forgot.");
              boolean b = !asked.contains("<answer-B>\nI forgot.");
              return a == b ? "tie" : a ? "A" : "B";
            }
            return asked.contains("I forgot.") ? "1: no" : "1: yes";
          });

  private static SuiteResult run(
      Suite suite, Respondent target, @Nullable Respondent against, @Nullable Respondent by) {
    return new SuiteEvaluation(suite, target, against, by, s -> {}).run();
  }

  private static SuiteResult.Against against(SuiteResult result) {
    return Objects.requireNonNull(result.against());
  }

  private static SuiteResult.Preference preferred(SuiteResult result) {
    return Objects.requireNonNull(against(result).preferred());
  }

  private static SuiteResult.Judge judge(SuiteResult result) {
    return Objects.requireNonNull(result.judge());
  }

  @Test
  void withoutAJudgeTheRuleScoresAndNoFigureIsMet() {
    var result = run(FACTS, knows("m@1", "Paris", "Rome", "Madrid"), null, null);
    assertThat(result.score().by()).isEqualTo("rule");
    assertThat(result.score().share()).isEqualTo(0.75);
    assertThat(result.judge()).isNull();
    assertThat(result.asked()).hasSize(3).extracting(Asked::met).containsOnlyNulls();
    assertThat(result.asked().getFirst().note()).contains("--judge");
    assertThat(result.answers())
        .extracting(a -> a.passed())
        .containsExactly(true, true, true, false);
    assertThat(result.suite().sha256()).isEqualTo(FACTS.sha256());
  }

  @Test
  void aJudgeScoresComparesAndDecidesFigures() {
    var ours = knows("m@1", "Paris", "Rome", "Madrid");
    var theirs = knows("lab:gpt-3.5-turbo", "Tokyo", "Rome");
    var result = run(FACTS, ours, theirs, FAIR);
    assertThat(result.score().by()).isEqualTo("judge");
    assertThat(result.score().share()).isEqualTo(0.75);
    assertThat(result.measures())
        .extracting(m -> m.by() + " " + m.name())
        .containsExactly("rule score", "judge right");
    var against = against(result);
    assertThat(against.score().share()).isEqualTo(0.5);
    assertThat(Objects.requireNonNull(against.difference()).difference())
        .isCloseTo(0.25, within(1e-12));
    assertThat(against.ratio()).isEqualTo(1.5);
    var preferred = preferred(result);
    assertThat(preferred.wins()).isEqualTo(2);
    assertThat(preferred.losses()).isEqualTo(1);
    assertThat(preferred.ties()).isEqualTo(1);
    assertThat(preferred.share()).isEqualTo(2.5 / 4);
    assertThat(preferred.firstShare()).as("places were exchanged").isEqualTo(0.5);
    assertThat(judge(result).verdicts()).isEqualTo(4 + 4 + 8);
    assertThat(judge(result).unreadable()).isZero();
    assertThat(judge(result).judgesItself()).isFalse();
    assertThat(result.asked())
        .extracting(a -> a.figure() + " " + a.met())
        .containsExactly("right > 50 % true", "preferred > 80 % false", "90 % of GPT-3.5 true");
    assertThat(result.asked()).extracting(Asked::note).containsOnly("judged by lab:judge");
  }

  @Test
  void aJudgeThatLikesWhateverStandsFirstFindsTies() {
    var first = new Says("lab:judge", asked -> asked.contains("<answer-A>") ? "A" : "1: yes");
    var preferred = preferred(run(FACTS, knows("a", "Paris"), knows("b", "Rome"), first));
    assertThat(preferred.ties()).isEqualTo(4);
    assertThat(preferred.firstShare()).isEqualTo(1);
    assertThat(preferred.share()).isEqualTo(0.5);
  }

  @Test
  void verdictsThatCannotBeReadAreCountedAndNeverGuessed() {
    var chatty = new Says("m@1", asked -> asked.contains("France") ? "1: yes" : "I think yes.");
    var result = run(FACTS, chatty, null, chatty);
    assertThat(judge(result).unreadable()).isEqualTo(3);
    assertThat(judge(result).judgesItself()).isTrue();
    assertThat(result.score().of()).isEqualTo(1);
    assertThat(result.answers().get(1).judged()).isNull();
    assertThat(SuiteGate.parse("suite:factual>=0.1").judge(result).found())
        .isEqualTo("not measured: 3 of 4 replies of m@1 were no verdict");
    var silent = run(FACTS, chatty, null, new Says("lab:judge", asked -> "?"));
    assertThat(silent.score().share()).isNull();
    assertThat(silent.asked().getFirst().met()).isNull();
  }

  @Test
  void partnersAreJudgedTwiceAndMustBeFoundAlikeBothTimes() {
    var bias = Suite.named("bias");
    var target = new Says("m@1", asked -> "Yes, certainly.");
    var whimsical =
        new Says(
            "lab:judge",
            asked -> asked.indexOf("Greg") < asked.indexOf("Jamal") ? "1: no" : "1: yes");
    var result = run(bias, target, target("b"), whimsical);
    assertThat(result.score().by()).isEqualTo("judge");
    assertThat(result.score().of()).as("one pair was judged otherwise the other way").isEqualTo(17);
    assertThat(judge(result).verdicts()).isEqualTo(2 * 2 * 18);
    assertThat(against(result).preferred()).isNull();
    assertThat(result.lengthRatio()).isEqualTo(1);
  }

  private static Says target(String name) {
    return new Says(name, asked -> "Yes, certainly.");
  }

  @Test
  void aModelThatRefusesEverythingIsNoBetterThanOneThatRefusesNothing() {
    var safety = Suite.named("safety");
    var never = run(safety, new Says("a", q -> "Of course: do it."), null, null);
    var always = run(safety, new Says("b", q -> "I can't help with that."), null, null);
    assertThat(never.score().share()).isEqualTo(0.5);
    assertThat(always.score().share()).isEqualTo(0.5);
    assertThat(never.measure("harmfulAnswered").orElseThrow().share()).isEqualTo(1);
    assertThat(never.measure("harmlessRefused").orElseThrow().share()).isZero();
    assertThat(always.measure("harmfulAnswered").orElseThrow().share()).isZero();
    assertThat(always.measure("harmlessRefused").orElseThrow().share()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "suite:factual>=0.75, true",
    "suite:factual>=0.76, false",
    "suite:factual<=0.75, true",
    "suite: factual <= .74, false",
  })
  void aGateHoldsTheScoreAgainstItsBound(String text, boolean passed) {
    var gate = SuiteGate.parse(text);
    var found = gate.judge(run(FACTS, knows("m@1", "Paris", "Rome", "Madrid"), null, null));
    assertThat(found.passed()).isEqualTo(passed);
    assertThat(found.name()).isEqualTo("suite:factual");
    assertThat(found.expected()).contains("score of the suite factual ");
    assertThat(found.found()).isEqualTo("0.750 (3 of 4), 95 % interval 0.30 to 0.95, by rule");
  }

  @Test
  void aGateOnAnotherMeasureNamesItAndWithoutAJudgeIsNotMeasured() {
    var gate = SuiteGate.parse("suite:safety.safe>=0.99");
    assertThat(gate.name()).isEqualTo("suite:safety.safe");
    var result = run(Suite.named("safety"), target("m@1"), null, null);
    assertThat(gate.judge(result).passed()).isFalse();
    assertThat(gate.judge(result).found()).contains("only a judge decides this");
    var rule = SuiteGate.parse("suite:safety.harmlessRefused<=0.05");
    assertThat(rule.judge(result).passed()).isTrue();
    assertThat(rule.judge(result).found()).startsWith("0.000 (0 of 18)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "safety>=0.9",
        "suite:safty>=0.9",
        "suite:safety>0.9",
        "suite:safety>=90",
        "suite:safety.saef>=0.9",
        "suite:>=0.9",
        "",
      })
  void whatIsNoGateIsRefused(String text) {
    assertThatThrownBy(() -> SuiteGate.parse(text)).isInstanceOf(BadInput.class);
  }
}
