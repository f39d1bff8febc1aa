package dev.lathe.registry.promotion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.registry.promotion.Faithful.Answer;
import dev.lathe.registry.promotion.Faithful.Position;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class FaithfulTest {
  private static final Position SAME = new Position(-0.1, -0.1, true);
  private static final Position NEAR = new Position(-1.4, -1.0, false);
  private static final Position FAR = new Position(-1.6, -1.0, false);

  @Test
  void theTrainersOwnTokensPass() {
    var result = judge(answers(0, SAME));
    assertThat(result.passed()).isTrue();
    assertThat(result.found())
        .contains("256 of 256 positions the same", "16 of 16 answers reached their stop token");
  }

  @Test
  void nearTiesPassUpToOneInTwenty() {
    assertThat(judge(answers(12, NEAR)).passed()).isTrue();
    assertThat(judge(answers(13, NEAR)).passed()).isFalse();
    assertThat(judge(answers(12, NEAR)).found()).contains("the furthest 0.40 nat below");
  }

  @Test
  void oneTokenFarBelowTheBestIsRefusedAndNamed() {
    var result = judge(answers(1, FAR));
    assertThat(result.passed()).isFalse();
    assertThat(result.found()).contains("1 more than 0.5 nat below", "the answer to 'probe 0'");
  }

  @Test
  void anAnswerThatGoesOnAfterItsStopTokenIsRefused() {
    var answers = new ArrayList<>(answers(0, SAME));
    answers.set(3, new Answer("probe 3", answers.get(3).positions(), false, true));
    var result = judge(answers);
    assertThat(result.passed()).isFalse();
    assertThat(result.found()).contains("1 went on after a stop token (the first to 'probe 3')");
  }

  @Test
  void noAnswerIsNoPassAndNoNumberNeither() {
    assertThat(judge(List.of()).passed()).isFalse();
    assertThat(judge(answers(1, new Position(Double.NaN, -1, true))).passed()).isFalse();
    assertThat(judge(answers(1, new Position(Double.NEGATIVE_INFINITY, -1, false))).passed())
        .isFalse();
  }

  private static GateResult judge(List<Answer> answers) {
    return Faithful.judge("the engine", answers);
  }

  /** 16 answers of 16 positions, the first {@code n} of them replaced. */
  private static List<Answer> answers(int n, Position other) {
    var positions = new ArrayList<>(Collections.nCopies(256, SAME));
    Collections.fill(positions.subList(0, n), other);
    var answers = new ArrayList<Answer>();
    for (int i = 0; i < 16; i++) {
      answers.add(new Answer("probe " + i, positions.subList(16 * i, 16 * i + 16), true, false));
    }
    return answers;
  }
}
