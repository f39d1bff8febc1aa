package dev.lathe.serving.routing.health;

import static dev.lathe.serving.routing.health.Breaker.State.CLOSED;
import static dev.lathe.serving.routing.health.Breaker.State.COOLING;
import static dev.lathe.serving.routing.health.Breaker.State.HALF_OPEN;
import static dev.lathe.serving.routing.health.Breaker.State.OPEN;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BreakerTest {
  private long now = Long.MAX_VALUE - Duration.ofSeconds(3).toNanos(); // it overflows on the way
  private final Breaker breaker =
      new Breaker(new BreakerSettings(3, Duration.ofSeconds(5), Duration.ofSeconds(15)), () -> now);

  private void pass(double seconds) {
    now += (long) (seconds * 1e9);
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      assertThat(breaker.admit()).isTrue();
      breaker.failed();
    }
  }

  @Test
  void failuresInARowOpenItAndATrialClosesIt() {
    fail(2);
    assertThat(breaker.admit()).isTrue();
    breaker.succeeded();
    fail(3);
    assertThat(breaker.state()).isEqualTo(OPEN);
    assertThat(breaker.admit()).isFalse();
    assertThat(breaker.pause()).isEqualTo(Duration.ofSeconds(5));
    pass(4.9);
    assertThat(breaker.admit()).isFalse();
    pass(0.2);
    assertThat(breaker.state()).isEqualTo(HALF_OPEN);
    assertThat(breaker.admit()).isTrue();
    assertThat(breaker.admit()).as("one tries at a time").isFalse();
    breaker.succeeded();
    assertThat(breaker.state()).isEqualTo(CLOSED);
    fail(2);
    assertThat(breaker.state()).isEqualTo(CLOSED);
  }

  @Test
  void everyTrialThatFailsDoublesThePauseToABound() {
    fail(3);
    for (int pause : new int[] {5, 10, 15, 15}) {
      assertThat(breaker.pause()).isEqualTo(Duration.ofSeconds(pause));
      pass(pause);
      fail(1);
    }
  }

  @Test
  void aTrialWithoutAVerdictLeavesTheNextOneToTry() {
    fail(3);
    pass(5);
    assertThat(breaker.admit()).isTrue();
    breaker.undecided();
    assertThat(breaker.state()).isEqualTo(HALF_OPEN);
    assertThat(breaker.admit()).isTrue();
  }

  @Test
  void halfOfManyFailingOpensItWithoutAnyRow() {
    for (int i = 0; i < 16; i++) {
      assertThat(breaker.state()).isEqualTo(CLOSED);
      assertThat(breaker.admit()).isTrue();
      breaker.succeeded();
      fail(1);
    }
    assertThat(breaker.state()).isEqualTo(OPEN);
  }

  @Test
  void aTargetThatAsksToBeLeftAloneIs() {
    breaker.cool(Duration.ofSeconds(2));
    assertThat(breaker.state()).isEqualTo(COOLING);
    assertThat(breaker.admit()).isFalse();
    breaker.cool(Duration.ofSeconds(1));
    assertThat(breaker.pause()).as("the longer one holds").isEqualTo(Duration.ofSeconds(2));
    pass(2);
    assertThat(breaker.state()).isEqualTo(CLOSED);
    breaker.cool(Duration.ofDays(9));
    assertThat(breaker.pause()).isEqualTo(Duration.ofMinutes(5));
  }
}
