package dev.lathe.registry.promotion;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KeptTest {
  @Test
  void aRiseOfAtMostFivePercentPasses() {
    assertThat(judge(3 + Math.log(1.0499), null).passed()).isTrue();
    assertThat(judge(3 + Math.log(1.0501), null).passed()).isFalse();
    assertThat(judge(2.5, null).passed()).isTrue();
  }

  @Test
  void bothModelsAndTheTextAreTold() {
    var result = judge(3 + Math.log(1.2), 3.0);
    assertThat(result.found())
        .isEqualTo(
            "support@3 24.103, tiny 20.086: +20.00 %; support@2 20.086: +20.00 %"
                + " (4000 tokens of general text 0123456789ab)");
    assertThat(result.expected()).contains("at most 5 %", "tiny alone");
  }

  @Test
  void aRiseOverTheIncumbentAloneIsToldAndDoesNotDecide() {
    var result = judge(3.0, 2.0);
    assertThat(result.passed()).isTrue();
    assertThat(result.found()).contains("+171.83 %");
  }

  @Test
  void aLossThatIsNoNumberIsNoPass() {
    assertThat(judge(Double.NaN, null).passed()).isFalse();
    assertThat(judge(Double.POSITIVE_INFINITY, null).passed()).isFalse();
  }

  private static GateResult judge(double candidate, @Nullable Double incumbent) {
    return Kept.judge(
        new Kept.Evidence(
            "general text 0123456789ab",
            4000,
            "support@3",
            candidate,
            "tiny",
            3.0,
            incumbent == null ? null : "support@2",
            incumbent));
  }
}
