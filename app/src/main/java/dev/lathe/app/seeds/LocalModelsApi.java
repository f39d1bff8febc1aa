package dev.lathe.app.seeds;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.gguf.GgufTensor;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.providers.llama.LlamaEngines;
import dev.lathe.serving.providers.llama.LoadedEngine;
import dev.lathe.serving.routing.Planning;
import dev.lathe.serving.routing.Target;
import dev.lathe.serving.routing.strategy.Candidate;
import dev.lathe.serving.routing.strategy.Place;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The models that can be asked; those of this machine are loaded and unloaded here. */
@RestController
@RequestMapping("/api/ai/models")
class LocalModelsApi {
  private final Planning planning;
  private final LlamaEngines engines;

  LocalModelsApi(Planning planning, LlamaEngines engines) {
    this.planning = planning;
    this.engines = engines;
  }

  /**
   * @param loaded whether its engine runs; absent for a provider's
   * @param fallback_mode whether it stands behind others in the order of now; absent likewise
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Listed(
      String name, String status, @Nullable Boolean loaded, @Nullable Boolean fallback_mode) {}

  record Models(List<Listed> models) {}

  @GetMapping
  Models models() {
    var all = planning.candidates();
    boolean remoteFirst =
        switch (planning.strategy()) {
          case REMOTE_FALLBACK, REMOTE_ONLY, CLAUDE_ONLY -> true;
          default -> false;
        };
    boolean anyRemote = all.stream().anyMatch(c -> c.place() != Place.LOCAL);
    return new Models(
        all.stream()
            .map(
                c ->
                    new Listed(
                        c.name(),
                        c.unfit() == null && c.ready() ? "available" : "unavailable",
                        c.place() == Place.LOCAL ? engine(c).isPresent() : null,
                        c.place() == Place.LOCAL ? remoteFirst && anyRemote : null))
            .toList());
  }

  private Optional<LoadedEngine> engine(Candidate c) {
    try {
      return planning.targets().target(c.name()) instanceof Target.Local local
          ? engine(local.model().id())
          : Optional.empty();
    } catch (WireError e) {
      return Optional.empty();
    }
  }

  private Optional<LoadedEngine> engine(String id) {
    return engines.loaded().stream().filter(e -> e.id().equals(id)).findFirst();
  }

  /**
   * @param size bytes of the weights
   * @param load_time seconds from the engine's start until it was ready; null when it is not loaded
   * @param tokens_per_second of one answer, as measured at load
   */
  record Told(
      String name,
      String status,
      boolean loaded,
      long size,
      String quantization,
      int context_length,
      @Nullable Double load_time,
      @Nullable Double tokens_per_second) {}

  @GetMapping("{name}")
  Told model(@PathVariable String name) {
    return told(name, local(name));
  }

  @PostMapping("{name}/load")
  Told load(@PathVariable String name) {
    var model = local(name);
    try {
      engines.lease(model).close();
    } catch (EngineUnavailable | BadInput e) {
      throw new AiProblem(503, "Failed to initialize GGUF engine", e.getMessage());
    }
    return told(name, model);
  }

  @PostMapping("{name}/unload")
  Told unload(@PathVariable String name) {
    var model = local(name);
    if (engine(model.id()).isEmpty()) {
      throw new AiProblem(409, "No model loaded", "'" + name + "' is not loaded");
    }
    engines.unload(model.id());
    return told(name, model);
  }

  record Unloaded(List<String> unloaded) {}

  @PostMapping("unload-all")
  Unloaded unloadAll() {
    var names = engines.loaded().stream().map(LoadedEngine::id).toList();
    names.forEach(engines::unload);
    return new Unloaded(names);
  }

  private LocalModel local(String name) {
    try {
      if (planning.targets().target(name) instanceof Target.Local local) {
        return local.model();
      }
    } catch (WireError e) {
      throw AiErrors.of(e);
    }
    throw new AiProblem(
        400, "'" + name + "' is a provider's model", "Nothing of it is loaded here");
  }

  private Told told(String name, LocalModel model) {
    var engine = engine(model.id());
    return new Told(
        name,
        engine.isPresent() ? "loaded" : "available",
        engine.isPresent(),
        size(model),
        quantization(model),
        model.contextLength(),
        engine.flatMap(LocalModelsApi::loadTime).orElse(null),
        engine.map(LoadedEngine::tokensPerSecond).filter(t -> t > 0).orElse(null));
  }

  private static Optional<Double> loadTime(LoadedEngine engine) {
    return ProcessHandle.of(engine.pid())
        .flatMap(p -> p.info().startInstant())
        .map(start -> Duration.between(start, engine.since()).toMillis() / 1000.0);
  }

  private static long size(LocalModel model) {
    try {
      return Files.exists(model.gguf()) ? Files.size(model.gguf()) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  /** What most of the weights' bytes are in. */
  private static String quantization(LocalModel model) {
    if (!Files.exists(model.gguf())) {
      return "unknown";
    }
    try (var file = GgufFile.open(model.gguf())) {
      return file.tensors().values().stream()
          .collect(
              Collectors.groupingBy(
                  GgufTensor::encoding, Collectors.summingLong(GgufTensor::length)))
          .entrySet()
          .stream()
          .max(Map.Entry.comparingByValue())
          .map(e -> e.getKey().name().toUpperCase(Locale.ROOT))
          .orElse("unknown");
    } catch (BadInput e) {
      return "unknown";
    }
  }
}
