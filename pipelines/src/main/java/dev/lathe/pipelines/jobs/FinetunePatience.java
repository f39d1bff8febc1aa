package dev.lathe.pipelines.jobs;

import java.time.Duration;

/**
 * How long a run process is waited for.
 *
 * @param stop from a request to stop until SIGTERM: a step and a checkpoint fit in
 * @param terminate from SIGTERM until SIGKILL
 * @param exit from the journal's last word until SIGKILL
 */
public record FinetunePatience(Duration stop, Duration terminate, Duration exit) {
  public static final FinetunePatience PRODUCT =
      new FinetunePatience(Duration.ofMinutes(5), Duration.ofSeconds(10), Duration.ofSeconds(30));
}
