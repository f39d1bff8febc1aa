package dev.lathe.registry;

import dev.lathe.registry.models.ModelRegistry;
import dev.lathe.registry.models.ModelVersion;
import dev.lathe.registry.models.NewVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Versions as runs make them. */
public final class Made {
  private Made() {}

  /** Files and lineage of a run's result, ready to be registered. */
  public static NewVersion by(String run, String name, Path aside) {
    try {
      Files.createDirectories(aside.resolve("adapter"));
      Files.createDirectories(aside.resolve("serving"));
      Files.writeString(aside.resolve("adapter/adapter_config.json"), "{\"r\": 8}");
      Files.writeString(aside.resolve("adapter/adapter_model.safetensors"), "weights of " + run);
      Files.writeString(aside.resolve("serving/adapter.gguf"), "gguf of " + run);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new NewVersion(
        name,
        run,
        "desk@1",
        "cd".repeat(32),
        "tiny",
        "ab".repeat(32),
        "ef".repeat(32),
        List.of(new ModelVersion.Source("logs/desk | one.jsonl", "01".repeat(32))),
        Map.of("rank", 8, "learningRate", 2e-4, "targets", List.of("q_proj")),
        Map.of("evalLoss", 1.5, "evalLossBefore", 3.25),
        aside,
        "0.1.0");
  }

  /** Registers the result of a run. */
  public static ModelVersion registered(ModelRegistry models, String run, String name) {
    return models.register(by(run, name, models.aside(run)));
  }
}
