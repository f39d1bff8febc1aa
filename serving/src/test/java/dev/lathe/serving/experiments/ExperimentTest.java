package dev.lathe.serving.experiments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExperimentTest {
  private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

  private static Experiment of(String id, Arm... arms) {
    return new Experiment(id, ExperimentState.RUNNING, 1, List.of(arms), NOW, null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "Voice", "-voice", "voice test", "voice@1", "p:m", "../x", "a\u0000b", "ä"})
  void anIdIsOneThatAModelCouldBear(String id) {
    assertThatThrownBy(() -> of(id, new Arm("a", 1), new Arm("b", 1)))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("small letters");
  }

  @Test
  void anIdHasAtMost63Characters() {
    assertThat(of("v".repeat(63), new Arm("a", 1), new Arm("b", 1)).id()).hasSize(63);
    assertThatThrownBy(() -> of("v".repeat(64), new Arm("a", 1), new Arm("b", 1)))
        .isInstanceOf(BadInput.class);
  }

  @Test
  void hasTwoToEightArmsOfDistinctTargets() {
    assertThatThrownBy(() -> of("v", new Arm("a", 1))).hasMessageContaining("2 to 8 arms");
    var nine = IntStream.range(0, 9).mapToObj(i -> new Arm("a" + i, 1)).toArray(Arm[]::new);
    assertThatThrownBy(() -> of("v", nine)).hasMessageContaining("2 to 8 arms");
    assertThatThrownBy(() -> of("v", new Arm("a", 1), new Arm("a", 2)))
        .hasMessageContaining("same target");
  }

  @ParameterizedTest
  @ValueSource(
      doubles = {
        0,
        -1,
        Double.NaN,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY,
        1e300,
        1e-300
      })
  void weightsArePositiveNumbers(double weight) {
    assertThatThrownBy(() -> new Arm("a", weight)).isInstanceOf(BadInput.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a\nb", " a", "a\u0000"})
  void targetsAreNames(String target) {
    assertThatThrownBy(() -> new Arm(target, 1)).isInstanceOf(BadInput.class);
    assertThatThrownBy(() -> new Arm("x".repeat(256), 1)).isInstanceOf(BadInput.class);
  }
}
