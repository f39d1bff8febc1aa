package dev.lathe.pipelines.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AgainTest {
  private static final OptionalInt KILLED = OptionalInt.of(137);

  @Test
  void waitsTwiceAsLongEachTimeUntilThereIsANewCheckpoint() {
    var again = new Again(3, Duration.ofSeconds(1));
    assertThat(waits(again, 5)).containsExactly(1L, 2L, 4L);
    assertThat(again.after(KILLED, false, 5)).isEmpty();
    assertThat(again.after(KILLED, false, 10).orElseThrow().after())
        .isEqualTo(Duration.ofSeconds(1));
    var patient = new Again(100, Duration.ofSeconds(1));
    for (int i = 0; i < 99; i++) {
      patient.after(KILLED, false, 5);
    }
    assertThat(patient.after(KILLED, false, 5).orElseThrow().after())
        .isEqualTo(Duration.ofMinutes(1));
  }

  private static List<Long> waits(Again again, long checkpoint) {
    return java.util.stream.IntStream.range(0, 3)
        .mapToObj(i -> again.after(KILLED, false, checkpoint).orElseThrow().after().toSeconds())
        .toList();
  }

  @Test
  void onlyWhatDiedIsStartedAgain() {
    for (int own : List.of(0, 1, 2, 3)) {
      assertThat(new Again(3, Duration.ZERO).after(OptionalInt.of(own), false, -1)).isEmpty();
    }
    for (int signal : List.of(134, 137, 139)) {
      assertThat(new Again(3, Duration.ZERO).after(OptionalInt.of(signal), false, -1)).isPresent();
    }
    var unseen = new Again(3, Duration.ZERO).after(OptionalInt.empty(), false, -1).orElseThrow();
    assertThat(unseen.arguments().toString()).contains("nobody saw how").doesNotContain("ran-out");
    assertThat(new Again(0, Duration.ZERO).after(KILLED, true, -1)).isEmpty();
    assertThat(
            new Again(1, Duration.ZERO)
                .after(OptionalInt.of(1), true, -1)
                .orElseThrow()
                .arguments())
        .contains(Again.RAN_OUT);
  }

  @Test
  void memoryRanOutWhenTheSystemCountedAKillAndTheProcessWasKilled() {
    assertThat(Again.ranOut(KILLED, 3, 4)).isTrue();
    assertThat(Again.ranOut(KILLED, 3, 3)).as("by somebody").isFalse();
    assertThat(Again.ranOut(OptionalInt.of(139), 3, 4)).as("somebody else").isFalse();
    assertThat(Again.ranOut(OptionalInt.empty(), 3, 4)).as("an adopted one").isTrue();
  }
}
