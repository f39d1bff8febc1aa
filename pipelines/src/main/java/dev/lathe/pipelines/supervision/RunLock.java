package dev.lathe.pipelines.supervision;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Held by the process that trains, for its whole life; the operating system frees it at death. */
public final class RunLock implements AutoCloseable {
  /**
   * Held by this process. Asked before the file is opened, because on POSIX closing any handle of a
   * file frees all of the process's locks on it.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  private RunLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** Takes the lock; empty when this or another process holds it. */
  static Optional<RunLock> take(Path file) throws IOException {
    if (!HELD.add(file)) {
      return Optional.empty();
    }
    boolean taken = false;
    try {
      var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        taken = channel.tryLock() != null;
      } finally {
        if (!taken) {
          channel.close();
        }
      }
      return taken ? Optional.of(new RunLock(file, channel)) : Optional.empty();
    } finally {
      if (!taken) {
        HELD.remove(file);
      }
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
      HELD.remove(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot free the run's lock", e);
    }
  }
}
