package dev.lathe.app.openai;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.lathe.checkpoints.files.Durable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A fine-tuning job on disk. What happens while it trains stands in its run and nowhere else.
 *
 * <pre>
 * job.json     what was asked (immutable)     built.json   the dataset that was made of the files
 * asked.json   that it pause or end           failed.json  why it did not come to a model
 * result.json  the file of its figures        checkpoints/ what engines load of checkpoints that were asked
 * </pre>
 */
final class JobDirectory {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
  private static final String SPEC = "job.json";
  private static final String ASKED = "asked.json";

  private final Path path;
  private final JobSpec spec;

  private JobDirectory(Path path, JobSpec spec) {
    this.path = path;
    this.spec = spec;
  }

  /**
   * What the files became.
   *
   * @param examples to train on; tokens of those
   * @param batchSize examples to an optimizer step, about
   * @param notes what somebody who sent the files should know
   */
  record Built(
      Instant at,
      String dataset,
      long examples,
      long validationExamples,
      long tokens,
      int batchSize,
      List<String> notes) {}

  /** Why a job ended without a model, in OpenAI's form. */
  @JsonInclude(JsonInclude.Include.ALWAYS)
  record Failure(Instant at, String code, String message, @Nullable String param) {}

  /** What somebody wants of a job. */
  enum Wish {
    PAUSE,
    CANCEL
  }

  record Asked(Wish wish, Instant at) {}

  /**
   * That all is done.
   *
   * @param file of the run's figures; null where the disk took none
   */
  record Result(@Nullable String file, Instant at) {}

  /**
   * Makes the directory, durably.
   *
   * @throws dev.lathe.checkpoints.input.BadInput when the disk is full
   */
  static JobDirectory create(Path path, JobSpec spec) {
    Durable.newFolder(
        path, aside -> Files.write(aside.resolve(SPEC), JSON.writeValueAsBytes(spec)));
    return new JobDirectory(path, spec);
  }

  /** The job of a directory that {@link #create} made. */
  static JobDirectory open(Path path) {
    return new JobDirectory(
        path,
        JobDirectory.<JobSpec>read(path.resolve(SPEC), JobSpec.class)
            .orElseThrow(() -> new IllegalStateException("no job in " + path)));
  }

  JobSpec spec() {
    return spec;
  }

  String id() {
    return spec.id();
  }

  Optional<Built> built() {
    return read("built.json", Built.class);
  }

  void write(Built built) {
    write("built.json", built);
  }

  Optional<Failure> failure() {
    return read("failed.json", Failure.class);
  }

  void write(Failure failure) {
    write("failed.json", failure);
  }

  Optional<Asked> asked() {
    return read(ASKED, Asked.class);
  }

  void write(Asked asked) {
    write(ASKED, asked);
  }

  /** Nothing is wanted of the job any more. */
  void clearAsked() {
    try {
      Files.deleteIfExists(path.resolve(ASKED));
      Durable.forceDirectory(path);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot clear what was asked of " + id(), e);
    }
  }

  Optional<Result> result() {
    return read("result.json", Result.class);
  }

  void write(Result result) {
    write("result.json", result);
  }

  /** Where the adapter of a checkpoint lies, as engines load it. */
  Path served(long step) {
    return path.resolve("checkpoints").resolve("step-" + step + ".gguf");
  }

  private void write(String name, Object value) {
    Durable.write(path.resolve(name), JSON.writeValueAsBytes(value));
  }

  private <T> Optional<T> read(String name, Class<T> type) {
    return read(path.resolve(name), type);
  }

  private static <T> Optional<T> read(Path file, Class<T> type) {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), type));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | JacksonException e) {
      throw new IllegalStateException(file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
