package dev.lathe.serving.providers.llama;

import java.time.Duration;

/**
 * How engines are run.
 *
 * @param slots answers that one model makes at a time
 * @param queue answers that may wait for a slot; further ones get 503
 * @param threads of an engine; 0 measures at load what is fastest
 * @param mostLoaded models held at a time; an idle one makes room for another
 * @param idle a model that nobody claimed for so long is unloaded; zero never
 * @param start an engine that is not ready after so long is given up
 * @param quick an engine that dies within this time died quickly
 * @param quickDeaths so many quick deaths in a row, and the model is not tried again for a while
 * @param pause after the first quick death; it doubles with every further one
 * @param rest how long a model that was given up is left alone
 * @param logBytes an engine's log is rotated at this size; one older file is kept
 */
public record EngineSettings(
    int slots,
    int queue,
    int threads,
    int mostLoaded,
    Duration idle,
    Duration start,
    Duration quick,
    int quickDeaths,
    Duration pause,
    Duration rest,
    long logBytes) {
  public EngineSettings {
    if (slots < 1 || slots > 64 || queue < 0 || threads < 0 || mostLoaded < 1 || quickDeaths < 1) {
      throw new IllegalArgumentException("an engine's numbers are positive, and at most 64 slots");
    }
  }

  public static EngineSettings defaults() {
    return new EngineSettings(
        4,
        1024, // a wait is better than a refusal: clients have timeouts of their own
        0,
        6,
        Duration.ofMinutes(15),
        Duration.ofMinutes(3),
        Duration.ofSeconds(20),
        3,
        Duration.ofMillis(250),
        Duration.ofSeconds(30),
        4L << 20);
  }
}
