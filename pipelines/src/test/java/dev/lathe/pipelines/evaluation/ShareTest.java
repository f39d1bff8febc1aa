package dev.lathe.pipelines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.junit.jupiter.api.Test;

class ShareTest {
  @Test
  void threeOfTwentyMayBeFiveOrThirtySixPercent() {
    var share = Objects.requireNonNull(Share.of(3, 20));
    assertThat(share.share()).isEqualTo(0.15);
    assertThat(share.low()).isCloseTo(0.052369, within(1e-6)); // scipy's, as in intervals.json
    assertThat(share.high()).isCloseTo(0.360419, within(1e-6));
  }

  @Test
  void ofNothingThereIsNoShare() {
    assertThat(Share.of(0, 0)).isNull();
  }
}
