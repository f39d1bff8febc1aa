package dev.lathe.pipelines.training;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.Predicate;
import java.util.zip.CRC32;

/**
 * A file of records framed as LevelDB frames its log (doc/log_format.md there), with the head and
 * the checksum that W&B gives it: blocks of 32 KiB, in which a record lies whole or in a first,
 * middle and last fragments, each behind its CRC-32, length and kind; seven bytes that are left of
 * a block are a fragment of nothing, fewer are zeros.
 */
final class LevelLog implements AutoCloseable {
  private static final int BLOCK = 1 << 15;
  private static final int HEAD = 7;
  private static final int FULL = 1;
  private static final int FIRST = 2;
  private static final int MIDDLE = 3;
  private static final int LAST = 4;

  /** ":W&B", a magic number and version 0. */
  private static final byte[] BEGINNING = {':', 'W', '&', 'B', (byte) 0xe1, (byte) 0xbe, 0};

  private final FileChannel channel;
  private long end;

  private LevelLog(FileChannel channel, long end) {
    this.channel = channel;
    this.end = end;
  }

  /** Begins the file, over whatever stood there. */
  static LevelLog begin(Path file) throws IOException {
    var channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE);
    var log = new LevelLog(channel, 0);
    log.write(ByteBuffer.wrap(BEGINNING));
    return log;
  }

  /**
   * Goes on with a file behind its intact records, as far as they are wanted; the rest is cut off.
   *
   * @param wanted told of every record in order; the first that it refuses ends what is kept
   */
  static LevelLog goOn(Path file, Predicate<byte[]> wanted) throws IOException {
    long kept = kept(Files.readAllBytes(file), wanted);
    if (kept == 0) {
      return begin(file);
    }
    var channel = FileChannel.open(file, StandardOpenOption.WRITE);
    channel.truncate(kept);
    channel.position(kept);
    return new LevelLog(channel, kept);
  }

  /**
   * Reads the intact records of a file's bytes.
   *
   * @param wanted told of every record in order; the first that it refuses is the last one read
   * @return where the last wanted record ends; 0 where even the beginning is another one
   */
  static long kept(byte[] bytes, Predicate<byte[]> wanted) {
    if (bytes.length < HEAD || !Arrays.equals(Arrays.copyOf(bytes, HEAD), BEGINNING)) {
      return 0;
    }
    var in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position(HEAD);
    int kept = HEAD;
    byte[] record = new byte[0];
    boolean within = false;
    while (true) {
      int room = BLOCK - in.position() % BLOCK;
      if (room < HEAD) {
        if (in.remaining() < room) {
          return kept;
        }
        in.position(in.position() + room);
      }
      if (in.remaining() < HEAD) {
        return kept;
      }
      int checksum = in.getInt();
      int length = Short.toUnsignedInt(in.getShort());
      int kind = in.get();
      boolean follows = within ? kind == MIDDLE || kind == LAST : kind == FULL || kind == FIRST;
      if (!follows || in.remaining() < length) {
        return kept;
      }
      var piece = new byte[length];
      in.get(piece);
      if (checksum(kind, piece) != checksum) {
        return kept;
      }
      record = within ? joined(record, piece) : piece;
      within = kind == FIRST || kind == MIDDLE;
      if (!within) {
        if (!wanted.test(record)) {
          return kept;
        }
        kept = in.position();
      }
    }
  }

  private static byte[] joined(byte[] a, byte[] b) {
    var joined = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, joined, a.length, b.length);
    return joined;
  }

  /** Appends a record with one write. */
  void append(byte[] record) throws IOException {
    int fragments = record.length / (BLOCK - HEAD) + 2;
    var out =
        ByteBuffer.allocate(record.length + fragments * HEAD + HEAD).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    boolean first = true;
    do {
      int room = BLOCK - (int) ((end + out.position()) % BLOCK);
      if (room < HEAD) {
        out.put(new byte[room]);
        room = BLOCK;
      }
      int length = Math.min(room - HEAD, record.length - at);
      var piece = Arrays.copyOfRange(record, at, at + length);
      at += length;
      boolean last = at == record.length;
      int kind = first ? last ? FULL : FIRST : last ? LAST : MIDDLE;
      out.putInt(checksum(kind, piece)).putShort((short) length).put((byte) kind).put(piece);
      first = false;
    } while (at < record.length);
    write(out.flip());
  }

  private void write(ByteBuffer bytes) throws IOException {
    end += bytes.remaining();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static int checksum(int kind, byte[] piece) {
    var crc = new CRC32();
    crc.update(kind);
    crc.update(piece);
    return (int) crc.getValue();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
