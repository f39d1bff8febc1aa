package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardLogTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC);

  /** The clock's 1.7e9 seconds, the first field: a double, little-endian. */
  private static final String TIME = "09" + "00000040fc54d941";

  /** By event.proto and summary.proto, message by message. */
  @Test
  void writesEventsOfTensorFlow(@TempDir Path folder) throws IOException {
    try (var log = TensorBoardLog.begin(folder, 3, CLOCK)) {
      log.scalars("train", Map.of("step", 300L, "loss", 2.5));
    }
    var scalar = "0a0a" + hex("train/loss") + "15" + "00002040";
    assertThat(messages(only(folder)))
        .containsExactly(
            TIME + "1000" + "1a0d" + hex("brain.Event:2"),
            TIME + "1003" + "3a02" + "0801",
            TIME + "10ac02" + "2a13" + "0a11" + scalar);
  }

  @Test
  void tellsNumbersAlone(@TempDir Path folder) throws IOException {
    try (var log = TensorBoardLog.begin(folder, 1, CLOCK)) {
      log.scalars("eval", Map.of("step", 1L, "steps", 5L, "note", "text", "perplexity", 8));
    }
    var last = messages(only(folder)).getLast();
    assertThat(last).contains(hex("eval/perplexity")).doesNotContain(hex("note"), hex("steps"));
  }

  @Test
  void aSecondProcessBeginsAFileOfItsOwn(@TempDir Path folder) throws IOException {
    TensorBoardLog.begin(folder, 1, CLOCK).close();
    TensorBoardLog.begin(folder, 7, CLOCK).close();
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(2);
    }
  }

  /** The check value of RFC 3720 (B.4), masked as TFRecord's documentation has it. */
  @Test
  void masksItsChecksums() {
    int crc = 0x8a9136aa; // CRC-32C of 32 zeros
    int masked = (crc >>> 15 | crc << 17) + 0xa282ead8;
    assertThat(TensorBoardLog.checksum(new byte[32], 32)).isEqualTo(masked);
  }

  private static String hex(String text) {
    return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] only(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return Files.readAllBytes(files.findFirst().orElseThrow());
    }
  }

  private static List<String> messages(byte[] file) {
    var found = new ArrayList<String>();
    var in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      int at = in.position();
      int length = Math.toIntExact(in.getLong());
      var head = new byte[8];
      in.get(at, head);
      assertThat(in.getInt()).isEqualTo(TensorBoardLog.checksum(head, 8));
      var message = new byte[length];
      in.get(message);
      assertThat(in.getInt()).isEqualTo(TensorBoardLog.checksum(message, length));
      found.add(HexFormat.of().formatHex(message));
    }
    return found;
  }
}
