package dev.lathe.serving.providers.llama;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.providers.LocalEngines.EngineUnavailable;
import dev.lathe.serving.providers.llama.decoding.ThreadCount;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** One engine process, from its start to its end. */
final class EngineProcess {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final int HEALTH_MILLIS = 2_000;

  private final Process process;
  private final EngineLog log;
  private final CompletableFuture<Ready> ready = new CompletableFuture<>();
  private final CompletableFuture<Integer> port = new CompletableFuture<>();
  private final Instant started = Instant.now();
  private volatile boolean ended;

  private EngineProcess(Process process, EngineLog log) {
    this.process = process;
    this.log = log;
  }

  /** What the process said when it was ready. */
  record Ready(int port, ThreadCount threads, Instant at) {}

  /**
   * Starts a process.
   *
   * @throws EngineUnavailable when the system starts none
   */
  static EngineProcess start(EngineSpec spec, Path folder, EngineLog log) {
    var builder =
        new ProcessBuilder(EngineCommand.line(spec, folder.resolve("crash-%p.log")))
            .directory(folder.toFile());
    var environment = EngineCommand.environment(System.getenv());
    builder.environment().clear();
    builder.environment().putAll(environment);
    try {
      var engine = new EngineProcess(builder.start(), log);
      daemon("engine's words", engine::listen);
      daemon("engine's log", () -> log.copy(engine.process.getErrorStream()));
      return engine;
    } catch (IOException e) {
      throw new EngineUnavailable("the engine process cannot be started: " + e.getMessage(), e);
    }
  }

  private static void daemon(String name, Runnable work) {
    Thread.ofPlatform().daemon().name(name).start(work);
  }

  /** Reads what the process says of itself; what is no JSON goes to the log. */
  private void listen() {
    try (var lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        log.line(line);
        if (line.startsWith("{\"")) {
          hear(line);
        }
      }
    } catch (IOException e) {
      // the process has ended
    }
    ready.completeExceptionally(new IOException("the engine process ended while it was loading"));
  }

  private void hear(String line) {
    try {
      var said = JSON.readTree(line);
      if (said.has("port")) {
        port.complete(said.path("port").asInt());
      } else if (said.has("ready")) {
        var threads = JSON.treeToValue(said.path("ready"), ThreadCount.class);
        ready.complete(new Ready(port.getNow(0), threads, Instant.now()));
      } else if (said.has("failed")) {
        var failed = said.path("failed");
        ready.completeExceptionally(
            new BadInput(
                failed.path("what").asString(""),
                failed.path("value").asString(""),
                failed.path("remedy").asString("")));
      }
    } catch (JacksonException e) {
      // a library's words that look like ours
    }
  }

  /**
   * Waits until the model answers.
   *
   * @throws BadInput when the process says that the files cannot be loaded
   * @throws EngineUnavailable when it dies, or takes longer
   */
  Ready awaitReady(Duration most) {
    try {
      return ready.get(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BadInput bad) {
        throw bad;
      }
      throw new EngineUnavailable(death(), e);
    } catch (TimeoutException e) {
      throw new EngineUnavailable("the engine is not ready after " + most.toSeconds() + " s", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineUnavailable("interrupted", e);
    }
  }

  boolean alive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  /** Known once it is ready. */
  @Nullable Ready ready() {
    return ready.isDone() && !ready.isCompletedExceptionally() ? ready.join() : null;
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + port.join());
  }

  Duration lived() {
    return Duration.between(started, Instant.now());
  }

  /** Has this told what the process says when it is ready. */
  void onReady(Consumer<Ready> action) {
    var unused = ready.thenAccept(action);
  }

  /** Has this run when the process has ended. */
  void onExit(Runnable action) {
    var unused = process.onExit().thenRun(action);
  }

  /** Whether it says so itself, within two seconds. */
  boolean healthy() {
    try {
      var connection = (HttpURLConnection) address().resolve("/health").toURL().openConnection();
      connection.setConnectTimeout(HEALTH_MILLIS);
      connection.setReadTimeout(HEALTH_MILLIS);
      return connection.getResponseCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether it was ended on purpose. */
  boolean ended() {
    return ended;
  }

  /** Ends it: there is nothing in it to keep. */
  void end() {
    ended = true;
    process.destroyForcibly();
  }

  /** How it ended, with its last words. */
  String death() {
    int status;
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        return "the engine process fell silent";
      }
      status = process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
    var last = log.lastLines();
    return "the engine process died ("
        + meaning(status)
        + ")"
        + (last.isEmpty() ? "" : ". Its last words:\n  " + String.join("\n  ", last));
  }

  private static String meaning(int status) {
    return switch (status) {
      case 134 -> "exit status 134: llama.cpp aborted";
      case 137 -> "exit status 137: killed, by the system when memory ran out if not by you";
      case 139 -> "exit status 139: llama.cpp crashed";
      default -> "exit status " + status;
    };
  }
}
