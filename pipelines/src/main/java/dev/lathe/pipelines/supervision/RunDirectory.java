package dev.lathe.pipelines.supervision;

import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A run on disk, the truth about it. Everything else that is known of a run is read from here.
 *
 * <pre>
 * run.json       what was asked (immutable)          lock          held by the process that trains
 * process.json   that process's identity             process.log   its standard output and error
 * journal        what happened                       control/      what it is asked to do
 * checkpoints/   where it can go on                  adapter/      what came out
 * best/          the same of the lowest validation loss    model/   instead, where all weights learnt
 * supervision.json  what its supervisor saw          crash.log     the JVM's, after a native crash
 * </pre>
 */
public final class RunDirectory {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private final Path path;

  private RunDirectory(Path path) {
    this.path = path;
  }

  /** The directory at a path; nothing is read or made. */
  public static RunDirectory of(Path path) {
    return new RunDirectory(path.toAbsolutePath().normalize());
  }

  public String id() {
    return String.valueOf(path.getFileName());
  }

  public Path path() {
    return path;
  }

  /**
   * Creates the directory with its run.json, durably, and fails when there is one.
   *
   * @throws BadInput when the run exists or the disk takes no more
   */
  public void create(RunSpec spec) {
    try {
      Files.createDirectories(path.resolve(".."));
      Files.createDirectory(path);
      Files.createDirectories(checkpoints());
      write(spec);
      Durable.forceDirectory(path.resolve(".."));
    } catch (IOException | UncheckedIOException e) {
      throw new BadInput(
          "Cannot make the run's directory (" + e.getMessage() + ")",
          path.toString(),
          "Free some space there, or choose another home with LATHE_HOME.",
          e);
    }
  }

  /** Writes run.json as a whole. */
  public void write(RunSpec spec) {
    Durable.write(path.resolve("run.json"), JSON.writeValueAsBytes(spec));
  }

  /**
   * @throws BadInput when run.json is missing or no run's
   */
  public RunSpec readSpec() {
    var file = path.resolve("run.json");
    try {
      return JSON.readValue(Files.readAllBytes(file), RunSpec.class);
    } catch (NoSuchFileException e) {
      throw new BadInput("There is no run here", path.toString(), "'./lathe runs list' shows all.");
    } catch (IOException | JacksonException e) {
      throw new BadInput(
          "A run's description cannot be read (" + e.getMessage() + ")",
          file.toString(),
          "Restore the file, or delete the run's directory.",
          e);
    }
  }

  /**
   * Takes the run for this process. Freed when closed, or by the operating system when the process
   * ends, however it ends.
   *
   * @throws BadInput when another process holds it
   */
  public RunLock lock() {
    return tryLock()
        .orElseThrow(
            () ->
                new BadInput(
                    "The run is being trained by another process"
                        + process().map(p -> " (pid " + p.pid() + ")").orElse(""),
                    id(),
                    "Follow it with './lathe runs watch " + id() + "'."));
  }

  /** Takes the run when nobody has it. */
  Optional<RunLock> tryLock() {
    try {
      return RunLock.take(path.resolve("lock"));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot lock " + path + ": " + e.getMessage(), e);
    }
  }

  /** Writes down who trains: call it with the lock held. */
  public void writeProcess() {
    Durable.write(path.resolve("process.json"), JSON.writeValueAsBytes(ProcessIdentity.current()));
  }

  /** The process that last trained this run; it may be dead. */
  public Optional<ProcessIdentity> process() {
    try {
      var file = path.resolve("process.json");
      return Optional.of(JSON.readValue(Files.readAllBytes(file), ProcessIdentity.class));
    } catch (IOException | JacksonException e) {
      return Optional.empty();
    }
  }

  /** What the supervisor of the last attempt wrote down. */
  public Optional<Supervised> supervised() {
    try {
      var file = path.resolve("supervision.json");
      return Optional.of(JSON.readValue(Files.readAllBytes(file), Supervised.class));
    } catch (IOException | JacksonException e) {
      return Optional.empty();
    }
  }

  public void write(Supervised supervised) {
    Durable.write(path.resolve("supervision.json"), JSON.writeValueAsBytes(supervised));
  }

  /** Replaces the file as a whole but does not wait for the disk: what is lost is seen again. */
  void writeLightly(Supervised supervised) {
    var aside = path.resolve(".supervision.json.light");
    try {
      Files.write(aside, JSON.writeValueAsBytes(supervised));
      Files.move(aside, path.resolve("supervision.json"), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + aside + ": " + e.getMessage(), e);
    }
  }

  /** The process that trains this run now; it may not have taken the lock yet. */
  public Optional<ProcessIdentity> living() {
    return process()
        .filter(ProcessIdentity::alive)
        .or(
            () ->
                supervised()
                    .flatMap(s -> Optional.ofNullable(s.process()))
                    .filter(ProcessIdentity::alive));
  }

  /** Whether a process trains this run now. */
  public boolean alive() {
    return living().isPresent();
  }

  public RunControl control() {
    return new RunControl(path.resolve("control"));
  }

  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /** The adapter of the lowest validation loss; there is none before the first evaluation. */
  public Path best() {
    return path.resolve("best");
  }

  /** Where the finished PEFT adapter lies; there is none before the run completed. */
  public Path adapter() {
    return path.resolve("adapter");
  }

  /** Where a whole model lies instead, when all weights were trained. */
  public Path model() {
    return WholeModel.of(path);
  }

  /** What came out, an adapter or a whole model. */
  public Path result() {
    return WholeModel.orAdapter(path);
  }

  public Path journal() {
    return path.resolve("journal");
  }

  public Path processLog() {
    return path.resolve("process.log");
  }
}
