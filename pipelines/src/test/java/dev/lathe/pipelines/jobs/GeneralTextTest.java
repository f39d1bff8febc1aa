package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.registry.promotion.Faithful;
import org.junit.jupiter.api.Test;

class GeneralTextTest {
  /** Figures of different days are compared: a changed text would be another measure. */
  @Test
  void theTextIsFrozen() {
    assertThat(GeneralText.sha256())
        .isEqualTo("0a936e078d66c8f8c259651b789adb9c3edec3a07f4323374862f5ca6a45d810");
    assertThat(GeneralText.passages()).hasSize(25).allSatisfy(p -> assertThat(p).isNotBlank());
  }

  @Test
  void thereIsAQuestionForEveryProbe() {
    assertThat(GeneralText.questions()).hasSize(Faithful.PROMPTS).doesNotHaveDuplicates();
  }
}
