package dev.lathe.serving.routing.cache;

import java.time.Duration;

/**
 * What is kept of answers.
 *
 * @param lifetime of an answer; zero keeps none
 * @param bytes of all answers together
 * @param sampled whether answers are kept that chance had a part in (a temperature above 0)
 */
public record CacheSettings(Duration lifetime, long bytes, boolean sampled) {
  public static final CacheSettings OFF = new CacheSettings(Duration.ZERO, 0, false);
}
