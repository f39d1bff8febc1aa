package dev.lathe.pipelines.supervision;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Follows a journal that somebody else writes. Each {@link #poll} reads what was added since the
 * last one and never looks back; a line still being written is left for the next poll.
 */
public final class JournalTail {
  private static final int PIECE = 1 << 18;
  private static final int LONGEST_LINE = 1 << 28;

  private final Path file;
  private long skipTo;
  private JournalPosition position;
  private boolean damaged;
  private byte[] piece = new byte[PIECE];

  /** Goes on behind {@code position}. Ask {@link #holds} first when the position is an old one. */
  public JournalTail(Path file, JournalPosition position) {
    this.file = file;
    this.position = position;
    this.skipTo = position.seq();
  }

  /** Reads from the beginning, passing over the records up to and including {@code seq}. */
  public static JournalTail after(Path file, long seq) {
    var tail = new JournalTail(file, JournalPosition.START);
    tail.skipTo = seq;
    return tail;
  }

  /**
   * Whether the record at {@code position} still stands in the journal. It does not when the
   * journal lost its end (a power cut, damage) and was written on: what was read then is no longer
   * what happened, and has to be read again from the start.
   */
  public static boolean holds(Path file, JournalPosition position) {
    if (position.seq() == 0) {
      return true;
    }
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() < position.end() || position.end() - position.start() > LONGEST_LINE) {
        return false;
      }
      var line = new byte[(int) (position.end() - position.start())];
      fill(channel, line, 0, position.start());
      int end = line.length - 1;
      return end > 0
          && line[end] == '\n'
          && JournalLine.intact(line, 0, end)
          && JournalLine.crcOfLine(line, 0, end) == position.crc();
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }

  /** At most {@code max} records that were added since, in order; empty when there are none yet. */
  public List<JournalRecord> poll(int max) {
    var records = new ArrayList<JournalRecord>();
    if (damaged || !Files.exists(file)) {
      return records;
    }
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (records.size() < max && !damaged && takeLines(channel, records, max)) {
        // takeLines moves the position
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
    return records;
  }

  /** Everything that is there now and not yet taken. */
  public List<JournalRecord> poll() {
    return poll(Integer.MAX_VALUE);
  }

  /** Behind the last record taken or passed over. */
  public JournalPosition position() {
    return position;
  }

  /** True once a whole line was met that is not what was once written; the tail goes no further. */
  public boolean damaged() {
    return damaged;
  }

  /** Takes the whole lines of the next piece; false when there is no whole line. */
  private boolean takeLines(FileChannel channel, List<JournalRecord> records, int max)
      throws IOException {
    long available = channel.size() - position.end();
    if (available <= 0) {
      return false;
    }
    int length = fill(channel, piece, 0, position.end());
    int from = 0;
    for (int i = 0; i < length && records.size() < max; i++) {
      if (piece[i] == '\n') {
        if (!take(from, i, records)) {
          return false;
        }
        from = i + 1;
      }
    }
    if (from > 0) {
      return true;
    }
    if (length == piece.length && length < LONGEST_LINE) {
      piece = Arrays.copyOf(piece, piece.length * 2);
      return true;
    }
    damaged = length >= LONGEST_LINE;
    return false;
  }

  private boolean take(int from, int to, List<JournalRecord> records) {
    long seq = position.seq() + 1;
    if (!JournalLine.intact(piece, from, to)) {
      damaged = true;
      return false;
    }
    if (seq > skipTo) {
      var record = JournalLine.decode(piece, from, to);
      if (record == null || record.seq() != seq) {
        damaged = true;
        return false;
      }
      records.add(record);
    }
    long start = position.end();
    position =
        new JournalPosition(
            seq, start, start + (to + 1 - from), JournalLine.crcOfLine(piece, from, to));
    return true;
  }

  private static int fill(FileChannel channel, byte[] into, int from, long at) throws IOException {
    var buffer = ByteBuffer.wrap(into, from, into.length - from);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position() - from) < 0) {
        break;
      }
    }
    return buffer.position() - from;
  }
}
