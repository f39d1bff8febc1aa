package dev.lathe.pipelines.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A run's figures as TensorBoard reads them: a file of {@code Event} messages, each a TFRecord
 * (length, the length's checksum, message, its checksum). Every process of a run writes a file of
 * its own, whose first message tells the viewer to forget the steps that are done again.
 */
final class TensorBoardLog implements Tracker {
  /** Field numbers of tensorflow's event.proto and summary.proto. */
  private static final int WALL_TIME = 1;

  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;
  private static final int VALUE = 1;
  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int SESSION_STATUS = 1;
  private static final int SESSION_START = 1;

  private final FileChannel channel;
  private final Clock clock;

  private TensorBoardLog(FileChannel channel, Clock clock) {
    this.channel = channel;
    this.clock = clock;
  }

  /**
   * Begins a new file.
   *
   * @param folder made when it is not there
   * @param next the first step that will be told
   */
  static TensorBoardLog begin(Path folder, long next, Clock clock) {
    try {
      Files.createDirectories(folder);
      var log = new TensorBoardLog(create(folder, clock), clock);
      log.event(0, FILE_VERSION, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
      var started = new ProtoMessage().number(SESSION_STATUS, SESSION_START);
      log.event(next, SESSION_LOG, started.bytes());
      return log;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + folder + ": " + e.getMessage(), e);
    }
  }

  /** The name says when, as TensorBoard sorts by it, and where. */
  private static FileChannel create(Path folder, Clock clock) throws IOException {
    for (int i = 0; ; i++) {
      var name =
          "events.out.tfevents.%010d.%s.%d"
              .formatted(clock.instant().getEpochSecond(), host(), ProcessHandle.current().pid());
      var file = folder.resolve(i == 0 ? name : name + "." + i);
      if (Files.notExists(file)) {
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      }
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9-]", "-");
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  @Override
  public void scalars(String group, Map<String, ?> record) {
    long step = record.get("step") instanceof Number n ? n.longValue() : 0;
    var summary = new ProtoMessage();
    record.forEach(
        (name, value) -> {
          if (value instanceof Number n && !name.equals("step") && !name.equals("steps")) {
            var scalar =
                new ProtoMessage()
                    .piece(TAG, (group + "/" + name).getBytes(StandardCharsets.UTF_8))
                    .real(SIMPLE_VALUE, n.floatValue());
            summary.piece(VALUE, scalar.bytes());
          }
        });
    event(step, SUMMARY, summary.bytes());
  }

  private void event(long step, int field, byte[] content) {
    var now = clock.instant();
    var event =
        new ProtoMessage()
            .real(WALL_TIME, now.getEpochSecond() + now.getNano() / 1e9)
            .number(STEP, step)
            .piece(field, content)
            .bytes();
    var record = ByteBuffer.allocate(event.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(event.length);
    record.putInt(checksum(record.array(), 8)).put(event).putInt(checksum(event, event.length));
    record.flip();
    try {
      while (record.hasRemaining()) {
        channel.write(record);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the events: " + e.getMessage(), e);
    }
  }

  /** TFRecord's: a CRC-32C, turned and shifted so that a file of checksums has none of its own. */
  static int checksum(byte[] bytes, int length) {
    var crc = new CRC32C();
    crc.update(bytes, 0, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
