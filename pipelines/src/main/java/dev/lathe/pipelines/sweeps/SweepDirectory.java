package dev.lathe.pipelines.sweeps;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A sweep on disk: {@code sweep.json}, what was asked, and {@code stop}, there once it was asked to
 * stop. How its trials went stands in their runs.
 */
final class SweepDirectory {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private final Path path;

  SweepDirectory(Path path) {
    this.path = path;
  }

  /**
   * Creates the directory with its sweep.json, durably.
   *
   * @throws BadInput when the disk takes no more
   */
  void create(SweepSpec spec) {
    try {
      Files.createDirectories(path);
      Durable.write(path.resolve("sweep.json"), JSON.writeValueAsBytes(spec));
      Durable.forceDirectory(path.resolve(".."));
    } catch (IOException | UncheckedIOException e) {
      throw new BadInput(
          "Cannot make the sweep's directory (" + e.getMessage() + ")",
          path.toString(),
          "Free some space there, or choose another home with LATHE_HOME.",
          e);
    }
  }

  boolean exists() {
    return Files.isRegularFile(path.resolve("sweep.json"));
  }

  /**
   * @throws BadInput when sweep.json is missing or no sweep's
   */
  SweepSpec readSpec() {
    var file = path.resolve("sweep.json");
    try {
      return JSON.readValue(Files.readAllBytes(file), SweepSpec.class);
    } catch (NoSuchFileException e) {
      throw new BadInput(
          "There is no sweep here", path.toString(), "'./lathe sweep list' shows all.", e);
    } catch (IOException | JacksonException e) {
      throw new BadInput(
          "A sweep's description cannot be read (" + e.getMessage() + ")",
          file.toString(),
          "Restore the file, or delete the sweep's directory.",
          e);
    }
  }

  /** Asks for no further trial, durably: the next owner hears it too. */
  void requestStop() {
    Durable.write(path.resolve("stop"), "");
  }

  boolean stopRequested() {
    return Files.exists(path.resolve("stop"));
  }

  void clearStop() {
    try {
      Files.deleteIfExists(path.resolve("stop"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot clear the sweep's request to stop", e);
    }
  }
}
