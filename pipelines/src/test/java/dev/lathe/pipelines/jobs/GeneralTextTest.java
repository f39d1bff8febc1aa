package dev.lathe.pipelines.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.registry.promotion.Faithful;
import org.junit.jupiter.api.Test;

class GeneralTextTest {
  /** Figures of different days are compared: a changed text would be another measure. */
  @Test
  void theTextIsFrozen() {
    assertThat(GeneralText.sha256())
        .isEqualTo("b2a13b0fef1770f524e405f54becdd91614ac6f16cbd8e02166242cb0f6cdf2b");
    assertThat(GeneralText.passages()).hasSize(29).allSatisfy(p -> assertThat(p).isNotBlank());
  }

  @Test
  void thereIsAQuestionForEveryProbe() {
    assertThat(GeneralText.questions()).hasSize(Faithful.PROMPTS).doesNotHaveDuplicates();
  }
}
