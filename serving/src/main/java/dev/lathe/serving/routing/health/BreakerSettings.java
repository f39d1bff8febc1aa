package dev.lathe.serving.routing.health;

import java.time.Duration;

/**
 * When a breaker opens, and for how long.
 *
 * @param failures in a row
 * @param cool how long it stays open the first time; twice as long each time that a trial fails
 * @param longest and never longer than this
 */
public record BreakerSettings(int failures, Duration cool, Duration longest) {
  public static BreakerSettings defaults() {
    return new BreakerSettings(5, Duration.ofSeconds(5), Duration.ofSeconds(60));
  }
}
