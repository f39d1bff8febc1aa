package dev.lathe.app.owner;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The folder that holds everything Lathe keeps: {@code LATHE_HOME}. */
public record Home(Path folder) {
  public Home {
    folder = folder.toAbsolutePath().normalize();
  }

  /** {@code LATHE_HOME}, or {@code .lathe} in the working folder where the launcher set none. */
  public static Home of(Map<String, String> environment) {
    var named = environment.get("LATHE_HOME");
    return new Home(Path.of(named == null || named.isBlank() ? ".lathe" : named));
  }

  public Path bases() {
    return folder.resolve("bases");
  }

  public Path datasets() {
    return folder.resolve("datasets");
  }

  public Path runs() {
    return folder.resolve("runs");
  }

  public Path sweeps() {
    return folder.resolve("sweeps");
  }

  public Path models() {
    return folder.resolve("models");
  }

  public Path database() {
    return folder.resolve("database");
  }

  /** What providers there are, unless a command names another file. */
  public Path configuration() {
    return folder.resolve("lathe.yaml");
  }

  public Path log() {
    return folder.resolve("logs").resolve("lathe.log");
  }

  Path lock() {
    return folder.resolve("owner.lock");
  }

  Path record() {
    return folder.resolve("owner.json");
  }

  /**
   * Makes the folder where it is missing and tries a write in it.
   *
   * @throws BadInput when it cannot be written
   */
  public void prepare() {
    try {
      Files.createDirectories(folder);
      var probe = Files.createTempFile(folder, ".probe", "");
      Files.delete(probe);
    } catch (IOException | SecurityException e) {
      throw new BadInput(
          "the home cannot be written",
          folder + " (" + reason(e) + ")",
          "Set LATHE_HOME to a folder of yours with free space.",
          e);
    }
  }

  private static String reason(Exception e) {
    return switch (e) {
      case AccessDeniedException denied -> "permission denied: " + denied.getFile();
      case FileAlreadyExistsException file -> file.getFile() + " is no folder";
      case FileSystemException other when other.getReason() != null -> "" + other.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }
}
