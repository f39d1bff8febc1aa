package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.engine.tensors.Precision;
import org.junit.jupiter.api.Test;

class LossScaleTest {
  @Test
  void onlyHalfPrecisionIsScaled() {
    assertThat(LossScale.of(Precision.BF16).scales()).isFalse();
    assertThat(LossScale.of(Precision.FP32).grown()).isEqualTo(LossScale.NONE);
    assertThat(LossScale.NONE.tooLarge()).isFalse();
    assertThat(LossScale.of(Precision.FP16).factor()).isEqualTo(65_536);
  }

  @Test
  void itHalvesAtOnceAndDoublesAfterLongPatienceUpToALimit() {
    var scale = LossScale.of(Precision.FP16).shrunk();
    assertThat(scale).isEqualTo(new LossScale(32_768, 0, 1));
    for (int i = 0; i < LossScale.PATIENCE - 1; i++) {
      scale = scale.grown();
    }
    assertThat(scale).isEqualTo(new LossScale(32_768, LossScale.PATIENCE - 1, 1));
    assertThat(scale.grown()).isEqualTo(new LossScale(65_536, 0, 1));
    var most = new LossScale(1L << 24, LossScale.PATIENCE - 1, 0);
    assertThat(most.grown()).isEqualTo(new LossScale(1L << 24, 0, 0));
  }

  @Test
  void atOneAnInfiniteGradientIsNoLongerTheFactorsFault() {
    var scale = LossScale.of(Precision.FP16);
    int times = 0;
    while (scale.tooLarge()) {
      scale = scale.shrunk();
      times++;
    }
    assertThat(times).isEqualTo(16);
    assertThat(scale.scales()).isTrue(); // it may grow again
  }

  @Test
  void aCheckpointKeepsIt() {
    var state = TrainingState.START.withScale(new LossScale(4_096, 17, 4));
    assertThat(TrainingState.of(state.toMap())).isEqualTo(state);
    assertThat(TrainingState.START.toMap()).doesNotContainKey("scale");
    assertThat(TrainingState.of(TrainingState.START.toMap())).isEqualTo(TrainingState.START);
  }
}
