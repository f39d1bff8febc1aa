package dev.lathe.serving.routing.cache;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An answer as it went out.
 *
 * @param parts the whole answer, or the data of each event of a stream
 * @param promptTokens as the answer told them, when it did
 */
public record KeptAnswer(
    List<byte[]> parts, @Nullable Integer promptTokens, @Nullable Integer completionTokens) {
  private static final int BESIDE = 256; // the key, and what holds it all together

  public KeptAnswer {
    parts = List.copyOf(parts);
  }

  long size() {
    return BESIDE + parts.stream().mapToLong(p -> p.length + 16L).sum();
  }
}
