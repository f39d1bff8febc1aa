package dev.lathe.pipelines.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.files.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LevelLogTest {
  /** Two records longer than a block; others that leave three and seven bytes of one. */
  private static final int[] LENGTHS = {10, 32_734, 40_000, 25_508, 70_000, 1, 0};

  /** By benchmarks/reference/wandb_log.py. */
  private static final String BY_WANDB =
      "e0b388e79ad4e2474f3eaae27951dca5cab904e7964cdc008c4893d088fe535a";

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void begin() {
    file = folder.resolve("log");
  }

  private static byte[] record(int number, int length) {
    var record = new byte[length];
    for (int j = 0; j < length; j++) {
      record[j] = (byte) ((number * 31 + j) % 251);
    }
    return record;
  }

  private static void append(LevelLog log, int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      log.append(record(i, LENGTHS[i]));
    }
  }

  private static List<byte[]> read(byte[] bytes) {
    var records = new ArrayList<byte[]>();
    LevelLog.kept(bytes, records::add);
    return records;
  }

  private void writeAll() throws IOException {
    try (var log = LevelLog.begin(file)) {
      append(log, 0, LENGTHS.length);
    }
  }

  @Test
  void frameForFrameTheFileIsWhatTheClientOfWandbWrites() throws IOException {
    writeAll();
    assertThat(Sha256.of(file)).isEqualTo(BY_WANDB);
  }

  @Test
  void everyRecordIsReadBack() throws IOException {
    writeAll();
    var records = read(Files.readAllBytes(file));
    assertThat(records).hasSize(LENGTHS.length);
    for (int i = 0; i < LENGTHS.length; i++) {
      assertThat(records.get(i)).isEqualTo(record(i, LENGTHS[i]));
    }
  }

  @Test
  void whereverAProcessDiedTheWholeRecordsStandAndTheFileGoesOnAsIfItHadNot() throws IOException {
    writeAll();
    var whole = Files.readAllBytes(file);
    for (int cut : new int[] {0, 6, 7, 23, 24, 26, 32_764, 32_767, 70_000, 98_300, 150_000}) {
      Files.write(file, Arrays.copyOf(whole, cut));
      var kept = new ArrayList<byte[]>();
      try (var log = LevelLog.goOn(file, kept::add)) {
        append(log, kept.size(), LENGTHS.length);
      }
      assertThat(Sha256.of(file)).as("cut at %d", cut).isEqualTo(BY_WANDB);
    }
  }

  @Test
  void aDamagedByteEndsWhatIsRead() throws IOException {
    writeAll();
    var bytes = Files.readAllBytes(file);
    bytes[40_000] ^= 1;
    assertThat(read(bytes)).hasSize(2);
  }
}
