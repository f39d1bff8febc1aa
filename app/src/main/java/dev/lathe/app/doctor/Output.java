package dev.lathe.app.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What a program printed.
 *
 * @param text both of its streams
 */
record Output(int status, String text) {
  /** Empty when it could not be started or took too long; then it is ended. */
  static Optional<Output> of(Duration patience, String... command) {
    try {
      var file = Files.createTempFile("lathe-check", ".txt");
      try {
        var process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(file.toFile())
                .start();
        process.getOutputStream().close();
        if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          return Optional.empty();
        }
        return Optional.of(
            new Output(
                process.exitValue(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8)));
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
