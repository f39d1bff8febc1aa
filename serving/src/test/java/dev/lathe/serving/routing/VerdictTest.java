package dev.lathe.serving.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictTest {
  @ParameterizedTest
  @CsvSource({
    ", 1000",
    "7, 7000",
    "0.25, 250",
    "'Wed, 21 Oct 2015 07:28:30 GMT', 30000",
    "'Wed, 21 Oct 2015 07:27:00 GMT', 0",
    "soon, 1000",
  })
  void retryAfterIsSecondsOrADate(@Nullable String header, long millis) {
    assertThat(Verdict.pause(header, Instant.parse("2015-10-21T07:28:00Z")))
        .isEqualTo(Duration.ofMillis(millis));
  }
}
