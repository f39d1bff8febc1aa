package dev.lathe.checkpoints.files;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Writing that a crash cannot leave half done: aside, forced to disk, renamed into place, and the
 * directory forced too, because a rename is only as durable as the directory that holds it.
 */
public final class Durable {
  private Durable() {}

  public static void write(Path file, String text) {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Replaces {@code file} as a whole. Readers see the old bytes or the new ones, never a mixture.
   */
  public static void write(Path file, byte[] bytes) {
    var aside = file.resolveSibling("." + file.getFileName() + ".aside");
    try {
      var buffer = ByteBuffer.wrap(bytes);
      replace(
          file,
          aside,
          out -> {
            while (buffer.hasRemaining()) {
              out.write(buffer);
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  /** What is written to a file, front to back. */
  @FunctionalInterface
  public interface Content {
    void writeTo(FileChannel out) throws IOException;
  }

  /**
   * Replaces {@code file} as a whole by what comes bit by bit. Whatever {@code content} throws, the
   * old file stays and nothing is left beside it.
   *
   * @throws BadInput when the disk is full
   */
  public static void stream(Path file, Content content) {
    var aside = file.resolveSibling("." + file.getFileName() + ".aside");
    boolean done = false;
    try {
      replace(file, aside, content);
      done = true;
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, file);
    } finally {
      if (!done) {
        deleteQuietly(aside);
      }
    }
  }

  /** Writes {@code aside}, forces it to disk and renames it. */
  private static void replace(Path file, Path aside, Content content) throws IOException {
    Files.createDirectories(parent(file));
    try (var out =
        FileChannel.open(
            aside,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      content.writeTo(out);
      out.force(true);
    }
    moveInto(aside, file);
  }

  /** What fills a folder. */
  @FunctionalInterface
  public interface Filling {
    void fill(Path folder) throws IOException;
  }

  /**
   * Makes a folder that appears as a whole, filled and forced to disk. Whatever {@code filling}
   * throws, nothing is left beside it.
   *
   * @throws BadInput when the folder is there and not empty, or the disk is full
   */
  public static void newFolder(Path folder, Filling filling) {
    var aside = folder.resolveSibling("." + folder.getFileName() + ".aside");
    boolean done = false;
    try {
      requireEmpty(folder);
      deleteTree(aside);
      Files.createDirectories(aside);
      filling.fill(aside);
      forceTree(aside);
      moveInto(aside, folder);
      done = true;
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, folder);
    } finally {
      if (!done) {
        deleteQuietly(aside);
      }
    }
  }

  /**
   * The same in the place of a folder that may be there.
   *
   * @throws BadInput when the disk is full
   */
  public static void replaceFolder(Path folder, Filling filling) {
    var fresh = folder.resolveSibling("." + folder.getFileName() + ".new");
    var old = folder.resolveSibling("." + folder.getFileName() + ".old");
    try {
      deleteTree(fresh);
      newFolder(fresh, filling);
      if (Files.exists(folder)) {
        deleteTree(old);
        moveInto(folder, old);
      }
      moveInto(fresh, folder);
      deleteTree(old);
    } catch (IOException e) {
      throw DiskFull.orUnchecked(e, folder);
    }
  }

  private static void requireEmpty(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    if (Files.isDirectory(folder)) {
      try (var files = Files.list(folder)) {
        if (files.findAny().isEmpty()) {
          return;
        }
      }
    }
    throw new BadInput(
        "the folder is in use", folder.toString(), "Name one that is not there yet, or empty it.");
  }

  private static void deleteQuietly(Path aside) {
    try {
      deleteTree(aside);
    } catch (IOException e) {
      // What made the writing fail is the error to tell; the next attempt replaces what is left.
      return;
    }
  }

  /** Renames atomically and forces the directory that now holds the name. */
  public static void moveInto(Path aside, Path target) throws IOException {
    Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
    forceDirectory(parent(target));
  }

  /** Forces every file below {@code directory}, then the directories, deepest first. */
  public static void forceTree(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
              channel.force(true);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            if (e != null) {
              throw e;
            }
            forceDirectory(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  public static void forceDirectory(Path directory) throws IOException {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Deletes a tree; what is gone already is no error. */
  public static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static Path parent(Path file) {
    var parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalArgumentException("a file needs a directory: " + file);
    }
    return parent;
  }
}
