package dev.lathe.serving.experiments;

import java.time.Instant;
import java.util.List;

/**
 * A time during which an experiment's weights stood still.
 *
 * @param number from 1
 */
public record Phase(int number, List<Arm> arms, Instant startedAt) {
  public Phase {
    arms = List.copyOf(arms);
  }
}
