package dev.lathe.serving.routing.tasks;

import static dev.lathe.serving.routing.tasks.LabelledPrompts.asking;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.serving.wire.ChatRequest;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleClassifierTest {
  private static final RuleClassifier RULES = new RuleClassifier();

  private static Assessment assess(String body) {
    return RULES.assess(ChatRequest.read(body.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void theSetHas400PromptsOfAllKindsAndAQuarterInOtherLanguages() {
    var all = LabelledPrompts.read("prompts.jsonl");
    assertThat(all).hasSize(400);
    assertThat(new HashSet<>(all.stream().map(p -> p.request().fields().toString()).toList()))
        .hasSize(400);
    Map<TaskClass, Integer> kinds = new EnumMap<>(TaskClass.class);
    all.forEach(p -> kinds.merge(p.task(), 1, Integer::sum));
    assertThat(kinds).hasSize(TaskClass.values().length);
    assertThat(kinds.values()).allMatch(n -> n >= 25);
    assertThat(all.stream().filter(p -> !p.language().equals("en")).count()).isGreaterThan(99);
  }

  @Test
  void onTheHalfThatTheRulesWereTunedOnNineInTenTasksAndBandsAreRight() {
    var score = LabelledPrompts.score(RULES, LabelledPrompts.tuned());
    assertThat(score.tasks()).as("%s", score.wrong()).isGreaterThanOrEqualTo(180);
    assertThat(score.bands()).as("%s", score.wrong()).isGreaterThanOrEqualTo(180);
  }

  /** Tells the numbers only: whoever reads here what was wrong would tune on it. */
  @Test
  void onTheHeldOutHalfNineInTenTasksAndBandsAreRight() {
    var score = LabelledPrompts.score(RULES, LabelledPrompts.heldOut());
    assertThat(score.tasks()).isGreaterThanOrEqualTo(180);
    assertThat(score.bands()).isGreaterThanOrEqualTo(180);
  }

  /** Written when the rules were done, and never tuned on: what to expect of other people. */
  @Test
  void promptsThatWereWrittenAfterTheRulesAreMostlyToldApart() {
    var score = LabelledPrompts.score(RULES, LabelledPrompts.read("unseen.jsonl"));
    assertThat(score.tasks() / (double) score.of()).isGreaterThan(0.84);
    assertThat(score.bands() / (double) score.of()).isGreaterThan(0.84);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          code            | Guten Tag! Schreib mir bitte ein Python-Skript, das Dateien umbenennt.
          code            | translate this method to Kotlin: int twice(int n) { return 2 * n; }
          translation     | translate "write me a python function" into Greek
          summarisation   | summarise: "Please write an essay about equations. Translate it into French."
          simple_question | Which tools does a plumber carry?
          greeting        | GOOD EVENING!!!
          conversation    | hmm ok
          """)
  void trapsAreSeenThrough(String task, String text) {
    var assessment = RULES.assess(asking(text));
    assertThat(assessment.task().wireName()).as("%s", assessment).isEqualTo(task);
  }

  @Test
  void aSystemMessageMayOrderTheSameWorkForAllThatFollows() {
    var assessment =
        assess(
            """
            {"model":"m","messages":[
              {"role":"system","content":"Translate what the user says into Finnish."},
              {"role":"user","content":[{"type":"text","text":"Write a poem!"}]}]}""");
    assertThat(assessment.task()).isEqualTo(TaskClass.TRANSLATION);
    assertThat(assessment.because()).contains("translat");
  }

  @Test
  void toolsThatMayNotBeUsedDoNotCount() {
    var body =
        """
        {"model":"m","tool_choice":"%s","messages":[{"role":"user","content":"wetter morgen?"}],
         "tools":[{"type":"function","function":{"name":"weather"}}]}""";
    assertThat(assess(body.formatted("auto")).task()).isEqualTo(TaskClass.TOOLS);
    assertThat(assess(body.formatted("none")).task()).isNotEqualTo(TaskClass.TOOLS);
  }

  @Test
  void whatIsAskedIsFoundBeforeAndAfterALongPaste() {
    var book = "The ferry was late again, and nobody on the quay knew why.\n".repeat(20_000);
    assertThat(RULES.assess(asking("Summarise this.\n" + book)).task())
        .isEqualTo(TaskClass.SUMMARISATION);
    assertThat(RULES.assess(asking(book + "\nSummary?")).task()).isEqualTo(TaskClass.SUMMARISATION);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "„", "```", "\"", "\uD83D", "?", "a of ", "1 + ", "x=", "write "})
  void anythingCanBeSaidAndNothingTakesLong(String text) {
    long start = System.nanoTime();
    var assessment = RULES.assess(asking(text.repeat(200_000)));
    assertThat(assessment.because()).isNotEmpty();
    assertThat((System.nanoTime() - start) / 1e6).as("milliseconds").isLessThan(1_000);
  }

  @Test
  void aRequestOfTwoKibibytesTakesLessThanTheTenthOfAMillisecond() {
    var sentence = "Please write a short summary of the plan below, then compare both offers. ";
    var request = asking(sentence.repeat(28).substring(0, 2048));
    double best = Double.MAX_VALUE;
    for (int batch = 0; batch < 60; batch++) {
      long start = System.nanoTime();
      for (int i = 0; i < 200; i++) {
        RULES.assess(request);
      }
      best = Math.min(best, (System.nanoTime() - start) / 200 / 1e3);
    }
    assertThat(best).as("microseconds").isLessThan(100);
  }
}
