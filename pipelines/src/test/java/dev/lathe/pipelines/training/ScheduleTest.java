package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class ScheduleTest {
  @Test
  void theCosineIsTransformers() {
    var reference =
        JsonMapper.builder()
            .build()
            .readTree(
                Path.of("../engine/src/test/resources/reference/tiny-llama/training/training.json")
                    .toFile());
    var schedule = new Schedule(Schedule.Shape.COSINE, 1e-3, 2, 20);
    for (int step = 0; step < 20; step++) {
      assertThat(schedule.at(step))
          .isCloseTo(reference.get("rows").get(step).get("learningRate").asDouble(), within(1e-15));
    }
  }

  @Test
  void aLinearOneFallsToNothingAndAConstantOneDoesNot() {
    assertThat(new Schedule(Schedule.Shape.LINEAR, 1, 0, 4).at(3)).isEqualTo(0.25);
    assertThat(new Schedule(Schedule.Shape.LINEAR, 1, 0, 4).at(4)).isZero();
    assertThat(new Schedule(Schedule.Shape.CONSTANT, 1, 2, 4).at(3)).isEqualTo(1);
    assertThat(new Schedule(Schedule.Shape.CONSTANT, 1, 2, 4).at(1)).isEqualTo(0.5);
  }
}
