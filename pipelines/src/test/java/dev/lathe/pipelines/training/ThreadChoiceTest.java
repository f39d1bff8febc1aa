package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.engine.device.Cores;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreadChoiceTest {
  private static final Cores SHARED = new Cores("made", 16, 8);

  @TempDir Path home;
  private final List<Integer> tried = new ArrayList<>();

  private int choose(Cores cores, Map<Integer, Double> seconds) {
    return ThreadChoice.of(
        home,
        cores,
        threads -> {
          tried.add(threads);
          var found = seconds.get(threads);
          return found == null ? OptionalDouble.empty() : OptionalDouble.of(found);
        });
  }

  @Test
  void whereNoCoreIsSharedNothingIsTried() {
    assertThat(choose(new Cores("made", 4, 4), Map.of())).isEqualTo(4);
    assertThat(tried).isEmpty();
    assertThat(home).isEmptyDirectory();
  }

  @Test
  void theFasterNumberIsTakenAndStaysAsLongAsTheProcessorDoes() throws Exception {
    assertThat(choose(SHARED, Map.of(16, 1.0, 8, 0.8))).isEqualTo(8);
    assertThat(tried).containsExactly(16, 8);
    assertThat(choose(SHARED, Map.of(16, 0.1, 8, 0.8))).isEqualTo(8);
    assertThat(tried).hasSize(2);
    assertThat(choose(new Cores("another", 16, 8), Map.of(16, 1.0, 8, 0.99))).isEqualTo(16);
    Files.writeString(home.resolve("threads.json"), "{");
    assertThat(choose(SHARED, Map.of(16, 1.0, 8, 0.8))).isEqualTo(8);
  }

  @Test
  void aTrialThatFailsDecidesNothing() {
    assertThat(choose(SHARED, Map.of(16, 1.0))).isEqualTo(16);
    assertThat(home).isEmptyDirectory();
  }
}
