package dev.lathe.serving.providers.llama;

import dev.lathe.serving.providers.LocalEngines;
import dev.lathe.serving.providers.LocalModel;
import dev.lathe.serving.providers.llama.decoding.ThreadCount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The bundled local engines: a child JVM a model ({@link LlamaMain}). A model is loaded when it is
 * first claimed and unloaded when it was idle for a while, by ending its process; a process that
 * died is replaced by the next claim, with growing pauses when it dies again and again. No process
 * outlives this one, however this one ends.
 */
public final class LlamaEngines implements LocalEngines {
  private static final long LOOK_MILLIS = 500;

  private final Path folder;
  private final EngineSettings settings;
  private final Map<String, Engine> engines = new HashMap<>();

  /** What was measured for a base's file: its engines need not measure again. */
  private final Map<Path, ThreadCount> measured = new ConcurrentHashMap<>();

  private boolean closed;

  /**
   * @param folder for logs and the unpacked native library: {@code home/engines}
   */
  public LlamaEngines(Path folder, EngineSettings settings) {
    this.folder = folder.toAbsolutePath().normalize();
    this.settings = settings;
    Thread.ofPlatform().daemon().name("engines").start(this::unloadIdle);
  }

  @Override
  public Lease lease(LocalModel model) {
    while (true) {
      var engine = engine(model);
      var process = engine.claim();
      if (process != null) {
        return new Claim(engine, process);
      }
      forget(engine);
    }
  }

  private synchronized Engine engine(LocalModel model) {
    if (closed) {
      throw new EngineUnavailable("the engines are closed");
    }
    var engine = engines.get(model.id());
    if (engine != null && !engine.model().equals(model)) {
      engine.retire(); // the name stands for other files now
      engine = null;
    }
    if (engine == null) {
      engine = new Engine(model, settings, this::start);
      engines.put(model.id(), engine);
      makeRoom(engine);
    }
    return engine;
  }

  private void makeRoom(Engine newest) {
    while (engines.size() > settings.mostLoaded()) {
      var victim =
          engines.values().stream()
              .filter(e -> e != newest && !e.claimed())
              .min(Comparator.comparingLong(Engine::lastUsed));
      if (victim.isEmpty()) {
        engines.remove(newest.model().id());
        throw new EngineUnavailable(
            "all of the "
                + settings.mostLoaded()
                + " local models that fit at a time are answering; ask again in a moment");
      }
      victim.get().retire();
      engines.remove(victim.get().model().id());
    }
  }

  private synchronized void forget(Engine engine) {
    engines.remove(engine.model().id(), engine);
  }

  private EngineProcess start(LocalModel model) {
    AdapterFit.check(model);
    try {
      Files.createDirectories(folder);
      var log = new EngineLog(folder.resolve(fileName(model.id()) + ".log"), settings.logBytes());
      var process = EngineProcess.start(spec(model), folder, log);
      process.onReady(ready -> measured.putIfAbsent(model.gguf(), ready.threads()));
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException("the engines' folder cannot be written", e);
    }
  }

  private EngineSpec spec(LocalModel model) {
    var self = ProcessHandle.current();
    return new EngineSpec(
        model.id(),
        model.gguf().toAbsolutePath().toString(),
        model.adapter() == null ? null : model.adapter().toAbsolutePath().toString(),
        model.base().toAbsolutePath().toString(),
        folder.resolve("native").toString(),
        model.contextLength(),
        settings.slots(),
        settings.queue(),
        settings.threads() > 0 ? ThreadCount.fixed(settings.threads()) : measured.get(model.gguf()),
        self.pid(),
        self.info().startInstant().map(i -> i.toEpochMilli()).orElse(0L));
  }

  /** An id holds {@code @} and perhaps slashes. */
  private static String fileName(String id) {
    return id.replaceAll("[^A-Za-z0-9@._-]", "_");
  }

  /** The models that answer now, by name. */
  public synchronized List<LoadedEngine> loaded() {
    return engines.values().stream()
        .map(Engine::listed)
        .filter(Objects::nonNull)
        .sorted(Comparator.comparing(LoadedEngine::id))
        .toList();
  }

  @Override
  public synchronized void unload(String modelId) {
    var engine = engines.remove(modelId);
    if (engine != null) {
      engine.retire();
    }
  }

  private void unloadIdle() {
    while (true) {
      synchronized (this) {
        if (closed) {
          return;
        }
        if (!settings.idle().isZero()) {
          engines.values().removeIf(e -> e.retireIfIdle(settings.idle()));
        }
      }
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** Ends every engine, claimed or not. */
  @Override
  public synchronized void close() {
    closed = true;
    engines.values().forEach(Engine::end);
    engines.clear();
  }

  /** A claim, given back once. */
  private static final class Claim implements Lease {
    private final Engine engine;
    private final EngineProcess process;
    private final AtomicBoolean open = new AtomicBoolean(true);

    Claim(Engine engine, EngineProcess process) {
      this.engine = engine;
      this.process = process;
    }

    @Override
    public URI address() {
      return process.address();
    }

    @Override
    public void broken() {
      engine.suspect(process);
    }

    @Override
    public void close() {
      if (open.compareAndSet(true, false)) {
        engine.release();
      }
    }
  }
}
