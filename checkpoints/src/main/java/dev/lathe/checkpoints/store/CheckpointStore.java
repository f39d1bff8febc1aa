package dev.lathe.checkpoints.store;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Segments;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.store.CheckpointFolder.Candidate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Writes the checkpoints of one run. Only the process that owns the run may open it; others read
 * through {@link CheckpointFolder}.
 *
 * <p>A checkpoint is written into {@code .writing-step-N}, every file and directory is forced to
 * disk, then it is renamed to {@code step-N} and the rename is forced. So a directory called {@code
 * step-N} is whole, whenever the process or the machine died; hashes find what went bad later.
 */
public final class CheckpointStore {
  private static final String WRITING = ".writing-";
  private static final String REPLACED = ".replaced-";
  private static final String DELETING = ".deleting-";

  private final Path folder;
  private final int keep;
  private final Progress progress;
  private final CheckpointFolder reader;
  private final Set<Path> known = new HashSet<>();

  /** Told before every step that changes the disk; a test dies there or fills the disk. */
  @FunctionalInterface
  interface Progress {
    void before(String change) throws IOException;
  }

  /**
   * Opens the store and cleans up what a killed process left half done.
   *
   * @param keep how many valid checkpoints stay; at least one
   */
  public CheckpointStore(Path folder, int keep) {
    this(folder, keep, change -> {});
  }

  CheckpointStore(Path folder, int keep, Progress progress) {
    if (keep < 1) {
      throw new IllegalArgumentException("at least one checkpoint is kept, not " + keep);
    }
    this.folder = folder;
    this.keep = keep;
    this.progress = progress;
    this.reader = new CheckpointFolder(folder);
    try {
      Files.createDirectories(folder);
      Durable.forceDirectory(folder.toAbsolutePath().resolveSibling("."));
      cleanUp();
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, folder);
    }
  }

  public Optional<Checkpoint> newestValid() {
    return reader.newestValid();
  }

  /** As {@link CheckpointFolder#newestValid(Consumer)}. */
  public Optional<Checkpoint> newestValid(Consumer<Skipped> skipped) {
    return reader.newestValid(skipped);
  }

  /**
   * Writes a checkpoint, replacing one of the same step, then deletes all but the newest valid
   * ones. When it returns, the checkpoint survives a power failure; when it throws, the earlier
   * ones are as they were.
   *
   * @param files bytes by relative path
   * @param manifest numbers (NaN too), texts, booleans, lists, maps; comes back as {@link
   *     Checkpoint#manifest}
   * @throws dev.lathe.checkpoints.input.BadInput when the disk is full
   * @throws UncheckedIOException when it cannot be written for another reason
   */
  public Checkpoint write(
      long step, Map<String, MemorySegment> files, Map<String, Object> manifest) {
    if (step < 0) {
      throw new IllegalArgumentException("no step is negative: " + step);
    }
    files.keySet().forEach(Manifest::checkName);
    var name = CheckpointFolder.name(step);
    var aside = folder.resolve(WRITING + name);
    try {
      writeAside(aside, step, files, manifest);
      putInPlace(aside, name);
    } catch (IOException e) {
      deleteAfter(e, aside);
      throw DiskFull.orUnchecked(e, folder);
    } catch (RuntimeException e) {
      deleteAfter(e, aside);
      throw e;
    }
    known.add(folder.resolve(name));
    try {
      deleteOld(name);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the checkpoint of step " + step + " is written, but old ones cannot be deleted", e);
    }
    return new Checkpoint(
        step, folder.resolve(name), manifest, List.copyOf(new TreeMap<>(files).keySet()));
  }

  private void writeAside(
      Path aside, long step, Map<String, MemorySegment> files, Map<String, Object> state)
      throws IOException {
    progress.before("delete leftovers");
    Durable.deleteTree(aside);
    progress.before("create " + aside.getFileName());
    Files.createDirectory(aside);
    var entries = new ArrayList<Manifest.Entry>();
    for (var file : new TreeMap<>(files).entrySet()) {
      var bytes = file.getValue();
      writeFile(aside, file.getKey(), bytes);
      var digest = Sha256.digest();
      Segments.update(digest, bytes);
      var sha256 = HexFormat.of().formatHex(digest.digest());
      entries.add(new Manifest.Entry(file.getKey(), bytes.byteSize(), sha256));
    }
    byte[] json = Manifest.of(step, entries, state).json();
    writeFile(aside, Manifest.FILE, MemorySegment.ofArray(json));
    byte[] hash = Sha256.of(json).getBytes(StandardCharsets.ISO_8859_1);
    writeFile(aside, Manifest.HASH, MemorySegment.ofArray(hash));
    progress.before("force directories");
    Durable.forceTree(aside);
  }

  private void writeFile(Path aside, String name, MemorySegment bytes) throws IOException {
    progress.before("create " + name);
    var file = aside.resolve(name);
    Files.createDirectories(file.resolveSibling("."));
    try (var out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long half = bytes.byteSize() / 2;
      Segments.write(out, bytes.asSlice(0, half));
      progress.before("write the rest of " + name);
      Segments.write(out, bytes.asSlice(half));
    }
  }

  /**
   * One of the same step is moved away first; {@link #cleanUp} brings it back if we die between.
   */
  private void putInPlace(Path aside, String name) throws IOException {
    var target = folder.resolve(name);
    var replaced = folder.resolve(REPLACED + name);
    boolean replaces = Files.exists(target);
    if (replaces) {
      progress.before("move the old " + name + " away");
      Durable.moveInto(target, replaced);
    }
    try {
      progress.before("rename to " + name);
      Durable.moveInto(aside, target);
    } catch (IOException | RuntimeException e) {
      if (replaces && !Files.exists(target)) {
        Durable.moveInto(replaced, target);
      }
      throw e;
    }
  }

  private static void deleteAfter(Exception failure, Path aside) {
    try {
      Durable.deleteTree(aside);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Deletes the one that was replaced, and what is older than the newest {@code keep} valid ones,
   * damaged ones included.
   */
  private void deleteOld(String name) throws IOException {
    progress.before("delete the old " + name);
    Durable.deleteTree(folder.resolve(REPLACED + name));
    int valid = 0;
    for (var candidate : reader.candidates()) {
      if (valid >= keep) {
        delete(candidate.folder());
      } else if (isValid(candidate)) {
        valid++;
      }
    }
  }

  /** Hashes a checkpoint once; those that this store wrote are known to be whole. */
  private boolean isValid(Candidate candidate) {
    if (known.contains(candidate.folder())) {
      return true;
    }
    try {
      CheckpointFolder.verified(candidate);
      known.add(candidate.folder());
      return true;
    } catch (Manifest.Damaged e) {
      return false;
    }
  }

  /** Renamed first, so that no half-deleted directory bears a checkpoint's name. */
  private void delete(Path checkpoint) throws IOException {
    var doomed = folder.resolve(DELETING + checkpoint.getFileName());
    progress.before("delete " + checkpoint.getFileName());
    Durable.deleteTree(doomed);
    Durable.moveInto(checkpoint, doomed);
    progress.before("delete the files of " + checkpoint.getFileName());
    Durable.deleteTree(doomed);
    known.remove(checkpoint);
  }

  private void cleanUp() throws IOException {
    try (var entries = Files.list(folder)) {
      for (var entry : entries.toList()) {
        var name = entry.getFileName().toString();
        if (name.startsWith(REPLACED)) {
          restoreOrDelete(entry, folder.resolve(name.substring(REPLACED.length())));
        } else if (name.startsWith(WRITING) || name.startsWith(DELETING)) {
          Durable.deleteTree(entry);
        }
      }
    }
  }

  private static void restoreOrDelete(Path replaced, Path target) throws IOException {
    if (Files.exists(target)) {
      Durable.deleteTree(replaced);
    } else {
      Durable.moveInto(replaced, target);
    }
  }
}
