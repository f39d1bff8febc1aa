package dev.lathe.pipelines.jobs;

import java.time.Duration;

/**
 * How long a run process is waited for.
 *
 * @param stop from a request to stop until SIGTERM: a step and a checkpoint fit in
 * @param terminate from SIGTERM until SIGKILL
 * @param exit from the journal's last word until SIGKILL
 * @param again from a process's death until the next one is started; then twice as long each time
 */
public record FinetunePatience(Duration stop, Duration terminate, Duration exit, Duration again) {
  public static final FinetunePatience PRODUCT =
      new FinetunePatience(
          Duration.ofMinutes(5),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          Duration.ofSeconds(1));
}
