package dev.lathe.pipelines.supervision;

import dev.lathe.checkpoints.files.Durable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a run did, appended as it happens: one checksummed record a line, each written with one
 * write call, so that a process killed anywhere leaves whole records and at most one torn line
 * behind. Records outlive the process at once; they outlive a power cut at once when they are
 * {@code started}, {@code cut}, {@code checkpoint} or {@code ended}, and within a second otherwise.
 */
public final class Journal implements AutoCloseable {
  private static final Set<String> FORCED = Set.of("started", "cut", "checkpoint", "ended");
  private static final long FORCE_EVERY_NANOS = 1_000_000_000L;

  /**
   * Journals open in this process. Across processes the run's lock keeps writers apart; a lock on
   * the journal itself would be lost whenever a reader in this process closes the file (POSIX).
   */
  private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;
  private final Clock clock;
  private long seq;
  private long length;
  private long lastForce = System.nanoTime();

  private Journal(Path file, FileChannel channel, Clock clock, JournalPosition end) {
    this.file = file;
    this.channel = channel;
    this.clock = clock;
    this.seq = end.seq();
    this.length = end.end();
  }

  /** Opens for appending behind the last intact record; see {@link #open(Path, Clock)}. */
  public static Journal open(Path file) {
    return open(file, Clock.systemUTC());
  }

  /**
   * Opens for appending, creating the file when there is none. A torn or damaged tail is cut off;
   * when it is more than one torn line it is kept beside the journal as {@code journal.cut-SEQ}.
   *
   * @throws IllegalStateException when this process has it open already
   */
  public static Journal open(Path file, Clock clock) {
    var name = file.toAbsolutePath().normalize();
    if (!OPEN.add(name)) {
      throw new IllegalStateException("the journal is open already: " + name);
    }
    try {
      var channel =
          FileChannel.open(
              name, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ);
      try {
        var tail = JournalTail.after(name, Long.MAX_VALUE);
        tail.poll();
        cut(name, channel, tail.position());
        return new Journal(name, channel, clock, tail.position());
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      OPEN.remove(name);
      throw new UncheckedIOException("cannot open " + name + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      OPEN.remove(name);
      throw e;
    }
  }

  /**
   * Appends one record and returns its sequence number. A record that cannot be written whole (disk
   * full) is taken back, so that the journal stays readable and can be written on.
   *
   * @param fields anything JSON can say; the keys seq, at and type are the record's own
   * @throws IllegalStateException when somebody else has written to the file
   */
  public synchronized long append(String type, Map<String, ?> fields) {
    byte[] line = JournalLine.encode(seq + 1, clock.instant(), type, fields);
    try {
      if (channel.size() != length) {
        throw new IllegalStateException("somebody else writes to the journal " + file);
      }
      var buffer = ByteBuffer.wrap(line);
      try {
        while (buffer.hasRemaining()) {
          channel.write(buffer, length + buffer.position());
        }
      } catch (IOException e) {
        channel.truncate(length);
        throw e;
      }
      length += line.length;
      seq++;
      if (FORCED.contains(type) || System.nanoTime() - lastForce > FORCE_EVERY_NANOS) {
        force();
      }
      return seq;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  /** Everything appended so far is on the disk when this returns. */
  public synchronized void force() {
    try {
      channel.force(false);
      lastForce = System.nanoTime();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot force " + file + ": " + e.getMessage(), e);
    }
  }

  /** The last record's sequence number, 0 when there is none. */
  public synchronized long seq() {
    return seq;
  }

  @Override
  public synchronized void close() {
    try {
      if (channel.isOpen()) {
        channel.force(false);
        channel.close();
        OPEN.remove(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot close " + file, e);
    }
  }

  /**
   * The intact records behind {@code afterSeq}, up to the first that is torn or damaged; none when
   * there is no journal. For one that grows, {@link JournalTail} reads on without beginning anew.
   */
  public static List<JournalRecord> read(Path file, long afterSeq) {
    return JournalTail.after(file, afterSeq).poll();
  }

  private static void cut(Path file, FileChannel channel, JournalPosition end) throws IOException {
    long rest = channel.size() - end.end();
    if (rest == 0) {
      return;
    }
    if (rest <= Integer.MAX_VALUE - 8) {
      var lost = ByteBuffer.allocate((int) rest);
      while (lost.hasRemaining() && channel.read(lost, end.end() + lost.position()) >= 0) {
        // reads until the buffer is full
      }
      if (contains(lost.array(), (byte) '\n')) {
        Durable.write(file.resolveSibling(file.getFileName() + ".cut-" + end.seq()), lost.array());
      }
    } else {
      Files.copy(file, file.resolveSibling(file.getFileName() + ".cut-" + end.seq()));
    }
    channel.truncate(end.end());
    channel.force(true);
  }

  private static boolean contains(byte[] bytes, byte wanted) {
    for (byte b : bytes) {
      if (b == wanted) {
        return true;
      }
    }
    return false;
  }
}
