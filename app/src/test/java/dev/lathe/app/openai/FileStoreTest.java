package dev.lathe.app.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileStoreTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

  @TempDir Path folder;

  private FileStore at(Instant now) {
    var store = new FileStore(folder.resolve("files"), Clock.fixed(now, ZoneOffset.UTC));
    store.recover();
    return store;
  }

  private static StoredFile add(FileStore store, String text, Duration kept) {
    return store.add(
        file -> {
          Files.writeString(file, text);
          return new FileStore.Described("a.jsonl", Purpose.FINE_TUNE, NOW.plus(kept));
        });
  }

  @Test
  void theNextServerFindsWhatWasAcknowledged() throws IOException {
    var file = add(at(NOW), "{}\n", Duration.ofHours(1));
    var next = at(NOW.plusSeconds(60));
    assertThat(next.require(file.id())).isEqualTo(file);
    assertThat(Files.readString(next.content(file))).isEqualTo("{}\n");
    assertThat(file.bytes()).isEqualTo(3);
  }

  @Test
  void nothingIsLeftOfAFileThatBrokeOff() throws IOException {
    var store = at(NOW);
    assertThatThrownBy(
            () ->
                store.add(
                    file -> {
                      Files.writeString(file, "half");
                      throw WireError.invalid("file", "invalid_value", "no");
                    }))
        .isInstanceOf(WireError.class);
    assertThat(store.list(null)).isEmpty();
    try (var left = Files.list(folder.resolve("files"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void whatAKilledServerLeftHalfWrittenIsClearedAway() throws IOException {
    var half = Files.createDirectories(folder.resolve("files/.file-0000000000000.aside"));
    Files.writeString(half.resolve("content"), "half");
    assertThat(at(NOW).list(null)).isEmpty();
    assertThat(half).doesNotExist();
  }

  @Test
  void aFileExpiresByItself() {
    var file = add(at(NOW), "{}", Duration.ofHours(1));
    var later = at(NOW.plus(Duration.ofHours(1)));
    assertThat(later.find(file.id())).isEmpty();
    assertThat(folder.resolve("files").resolve(file.id())).doesNotExist();
  }

  @Test
  void idsStandInTheOrderOfTheirMaking() {
    var first = Ids.next("file", NOW);
    var second = Ids.next("file", NOW.plusMillis(1));
    assertThat(first).isLessThan(second);
    assertThat(Ids.valid("file", first)).isTrue();
    assertThat(Ids.valid("file", "file-../../etc/passwd")).isFalse();
  }
}
