package dev.lathe.serving.providers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Whether a model's engine can be loaded into the memory that is left. */
public final class EngineMemory {
  /** A child JVM with llama.cpp's buffers and a cache of keys and values, beside the weights. */
  static final long BESIDE_WEIGHTS = 400L << 20;

  private final Supplier<OptionalLong> available;
  private final Predicate<String> loaded;

  /**
   * @param available bytes; empty where nobody knows
   * @param loaded whether a model's engine is there already
   */
  public EngineMemory(Supplier<OptionalLong> available, Predicate<String> loaded) {
    this.available = available;
    this.loaded = loaded;
  }

  /** Why it cannot be loaded; null when it can, is there already, or nobody knows. */
  public @Nullable String unfit(LocalModel model) {
    if (loaded.test(model.id())) {
      return null;
    }
    var room = available.get();
    long wanted = size(model.gguf()) + size(model.adapter()) + BESIDE_WEIGHTS;
    return room.isEmpty() || wanted <= room.getAsLong()
        ? null
        : "it takes %d MiB to load and %d MiB are free"
            .formatted(wanted >> 20, room.getAsLong() >> 20);
  }

  /** A file that is not there is told of by whoever loads it. */
  private static long size(@Nullable Path file) {
    try {
      return file == null || !Files.exists(file) ? 0 : Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }
}
