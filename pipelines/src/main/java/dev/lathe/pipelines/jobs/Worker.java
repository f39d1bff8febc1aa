package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.pipelines.supervision.RunCommand;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A child process for work with native code that may crash: the request goes in, progress and the
 * result come out, and a crash is an error of that request, never of the server.
 */
final class Worker {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Worker() {}

  private static final String YIELD =
      "command -v nice >/dev/null && exec nice -n 19 \"$@\"; exec \"$@\"";

  /** How far the work is. */
  record Step(String stage, long done, long total) {}

  /**
   * Runs a main class to its end. An interrupt ends the child.
   *
   * @throws BadInput what the worker found wrong with the request
   */
  static <A> A run(String main, Object request, Class<A> answer, Consumer<Step> progress) {
    var command = RunCommand.of(main);
    var builder = new ProcessBuilder(yielding(command.java()));
    command.environment().forEach((k, v) -> builder.environment().putIfAbsent(k, v));
    try {
      var errors = Files.createTempFile("lathe-worker-", ".log");
      builder.redirectError(errors.toFile());
      var process = builder.start();
      var guard = new Thread(process::destroyForcibly);
      Runtime.getRuntime().addShutdownHook(guard);
      try {
        try (var in = process.getOutputStream()) {
          in.write(JSON.writeValueAsBytes(request));
        }
        var result = lastLine(process, answer, progress);
        int status = process.waitFor();
        if (result != null) {
          return result;
        }
        var said = Files.readString(errors, StandardCharsets.UTF_8).strip();
        throw new IllegalStateException(
            "the worker process ended with status " + status + ": " + tail(said));
      } finally {
        process.destroyForcibly();
        Runtime.getRuntime().removeShutdownHook(guard);
        Files.deleteIfExists(errors);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a worker process cannot be run: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /**
   * The command at the lowest priority: what answers users goes before what measures. Two cores are
   * soon too few for both, and requests would pile up behind a gate.
   */
  private static List<String> yielding(List<String> command) {
    if (!Files.isExecutable(Path.of("/bin/sh"))) {
      return command;
    }
    var line = new ArrayList<>(List.of("/bin/sh", "-c", YIELD, "sh"));
    line.addAll(command);
    return line;
  }

  private static <A> @Nullable A lastLine(Process process, Class<A> answer, Consumer<Step> progress)
      throws IOException {
    A result = null;
    try (var out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (var line = out.readLine(); line != null; line = out.readLine()) {
        if (!line.startsWith("{\"")) {
          continue; // a library's own words
        }
        var node = JSON.readTree(line);
        if (node.has("progress")) {
          progress.accept(JSON.treeToValue(node.get("progress"), Step.class));
        } else if (node.has("error")) {
          throw problem(node.get("error"));
        } else {
          result = JSON.treeToValue(node.get("result"), answer);
        }
      }
    }
    return result;
  }

  private static BadInput problem(JsonNode error) {
    var value = error.get("value");
    return new BadInput(
        error.get("what").asString(),
        value == null || value.isNull() ? null : value.asString(),
        error.get("remedy").asString());
  }

  private static String tail(String text) {
    return text.length() > 2000 ? text.substring(text.length() - 2000) : text;
  }
}
