package dev.lathe.checkpoints.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The checkpoints of a run as any process may read them, also while the run's own process writes
 * the next one.
 */
public final class CheckpointFolder {
  private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})");

  private final Path folder;

  public CheckpointFolder(Path folder) {
    this.folder = folder;
  }

  static String name(long step) {
    return "step-%08d".formatted(step);
  }

  /** A directory called like a checkpoint, not yet looked into. */
  record Candidate(long step, Path folder) {}

  /** Newest first. */
  List<Candidate> candidates() {
    var result = new ArrayList<Candidate>();
    if (!Files.isDirectory(folder)) {
      return result;
    }
    try (var entries = Files.newDirectoryStream(folder)) {
      for (var entry : entries) {
        var name = NAME.matcher(entry.getFileName().toString());
        if (name.matches() && Files.isDirectory(entry)) {
          result.add(new Candidate(Long.parseLong(name.group(1)), entry));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + folder, e);
    }
    result.sort(Comparator.comparingLong(Candidate::step).reversed());
    return result;
  }

  /** Steps that have a directory, newest first; whether they are valid is not looked at. */
  public List<Long> steps() {
    return candidates().stream().map(Candidate::step).toList();
  }

  public Optional<Checkpoint> newestValid() {
    return newestValid(skipped -> {});
  }

  /**
   * The newest checkpoint that is whole. Every byte of it has been read and hashed.
   *
   * @param skipped told of each newer one that is damaged or half there
   */
  public Optional<Checkpoint> newestValid(Consumer<Skipped> skipped) {
    for (var candidate : candidates()) {
      try {
        return Optional.of(verified(candidate));
      } catch (Manifest.Damaged e) {
        skipped.accept(new Skipped(candidate.folder(), e.reason()));
      }
    }
    return Optional.empty();
  }

  static Checkpoint verified(Candidate candidate) throws Manifest.Damaged {
    var manifest = Manifest.verified(candidate.folder(), candidate.step());
    return new Checkpoint(
        candidate.step(),
        candidate.folder(),
        manifest.state(),
        manifest.files().stream().map(Manifest.Entry::path).toList());
  }
}
