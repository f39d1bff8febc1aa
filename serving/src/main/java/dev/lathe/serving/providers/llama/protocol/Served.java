package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.decoding.Decoding;
import java.util.Map;

/**
 * A loaded model, ready to answer.
 *
 * @param id how answers call it
 * @param properties what {@code GET /props} tells beside the slots
 * @param meta sizes, for {@code GET /v1/models}
 * @param created epoch seconds of the load
 */
public record Served(
    String id,
    Prompts prompts,
    Decoding decoding,
    Map<String, Object> properties,
    Map<String, Object> meta,
    long created) {
  public Served {
    properties = Map.copyOf(properties);
    meta = Map.copyOf(meta);
  }
}
