package dev.lathe.serving.accounting;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AllowanceTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void aMinutesContentIsThereAtOnceAndComesBackSteadily() {
    var allowance = new Allowance(60, 0);
    assertThat(allowance.remaining(0)).isEqualTo(60);
    for (int i = 0; i < 60; i++) {
      assertThat(allowance.take(1, 0)).isZero();
    }
    assertThat(allowance.remaining(0)).isZero();
    assertThat(allowance.take(1, 0)).isEqualTo(SECOND);
    assertThat(allowance.take(5, 2 * SECOND)).isEqualTo(3 * SECOND);
    assertThat(allowance.take(2, 2 * SECOND)).isZero();
    assertThat(allowance.untilFull(2 * SECOND)).isEqualTo(60 * SECOND);
    assertThat(allowance.remaining(62 * SECOND)).isEqualTo(60);
    assertThat(allowance.untilFull(100 * SECOND)).isZero();
  }

  @Test
  void whatWasHeldTooMuchComesBackAndWhatWasTooLittleIsOwed() {
    var allowance = new Allowance(600, 0);
    assertThat(allowance.take(500, 0)).isZero();
    allowance.correct(-400);
    assertThat(allowance.remaining(0)).isEqualTo(500);
    allowance.correct(700);
    assertThat(allowance.remaining(0)).isZero();
    assertThat(allowance.take(1, 0)).isEqualTo(20 * SECOND + SECOND / 10);
    allowance.correct(-100_000);
    assertThat(allowance.remaining(0)).as("no more than a minute's").isEqualTo(600);
  }

  @Test
  void whatCanNeverFitIsToldApart() {
    var allowance = new Allowance(10, 7);
    assertThat(allowance.take(11, 7)).isEqualTo(-1);
    assertThat(allowance.take(10, 7)).isZero();
  }

  @Test
  void theClockMayBeNegativeAndPassZero() {
    var allowance = new Allowance(2, -SECOND);
    assertThat(allowance.take(2, -SECOND)).isZero();
    assertThat(allowance.take(1, SECOND)).isEqualTo(28 * SECOND);
  }

  @Test
  void manyThreadsTakeNoMoreThanThereIs() {
    var allowance = new Allowance(1_000, 0);
    var taken = new AtomicInteger();
    IntStream.range(0, 5_000)
        .parallel()
        .forEach(
            i -> {
              if (allowance.take(1, 0) == 0) {
                taken.incrementAndGet();
              }
            });
    assertThat(taken).hasValue(1_000);
  }

  @ParameterizedTest
  @CsvSource({
    "0,0ms",
    "20,20ms",
    "1000,1s",
    "1500,1.5s",
    "360000,6m0s",
    "3661000,1h1m1s",
    "61020,1m1.02s"
  })
  void timesAreWrittenAsOpenAiWritesThem(long milliseconds, String text) {
    assertThat(RateHeaders.span(Duration.ofMillis(milliseconds))).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1000,1", "1001,2"})
  void retryAfterIsNeverTooEarly(long milliseconds, String seconds) {
    assertThat(RateHeaders.seconds(Duration.ofMillis(milliseconds))).isEqualTo(seconds);
  }
}
