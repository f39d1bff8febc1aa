package dev.lathe.pipelines.suites;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.pipelines.suites.Verdicts.Choice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerdictsTest {
  @Test
  void aVerdictIsALineACriterion() {
    assertThat(Verdicts.graded("1: yes\n2: no", 2).orElseThrow()).containsExactly(true, false);
    assertThat(Verdicts.graded(" 2. No.\n\n1) YES \n", 2).orElseThrow())
        .containsExactly(true, false);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "yes",
        "1: yes",
        "1: yes\n2: yes\n3: yes",
        "1: yes\n1: no",
        "1: yes\n2: partly",
        "1: yes\n2: yes\nThe answer is fine.",
        "Sure! 1: yes\n2: yes",
        "0: yes\n1: yes",
      })
  void anythingElseIsNone(String reply) {
    assertThat(Verdicts.graded(reply, 2)).isEmpty();
  }

  @Test
  void aChoiceIsOneWord() {
    assertThat(Verdicts.chosen(" A.\n")).hasValue(Choice.A);
    assertThat(Verdicts.chosen("Answer B")).hasValue(Choice.B);
    assertThat(Verdicts.chosen("tie")).hasValue(Choice.TIE);
    for (var reply : new String[] {"", "a", "A or B", "A is better", "Both", "A\nB"}) {
      assertThat(Verdicts.chosen(reply)).as(reply).isEmpty();
    }
  }

  @Test
  void theJudgeSeesQuestionAnswerReferenceAndCriteria() {
    var suite = Suite.named("factual");
    var prompt = suite.prompts().getFirst();
    var asked = Verdicts.grade(prompt, "It is Paris.", suite.criteria()).messages().getLast();
    assertThat(asked.content())
        .contains(
            "user: What is the capital of France?",
            "<answer>\nIt is Paris.\n</answer>",
            "The right answer: Paris",
            "1. It states the right answer");
  }
}
