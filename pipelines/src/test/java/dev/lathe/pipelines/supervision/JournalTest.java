package dev.lathe.pipelines.supervision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  @TempDir Path folder;
  private Path file = Path.of("journal");

  @BeforeEach
  void name() {
    file = folder.resolve("journal");
  }

  @Test
  void readsBackWhatWasAppendedInOrder() {
    write(3);

    var records = Journal.read(file, 0);

    assertThat(records).extracting(JournalRecord::seq).containsExactly(1L, 2L, 3L);
    assertThat(records.get(1).type()).isEqualTo("step");
    assertThat(records.get(1).number("loss")).contains(0.5);
    assertThat(records.get(1).fields()).doesNotContainKeys("seq", "at", "type");
    assertThat(Journal.read(file, 2)).extracting(JournalRecord::seq).containsExactly(3L);
  }

  @Test
  void keepsTextOfEveryKindOnOneLineAndNumbersThatAreNone() {
    try (var journal = Journal.open(file)) {
      journal.append("sample", Map.of("answer", "Grüße,\n \"naïve\" 日本 \u2028 \0"));
      journal.append("step", Map.of("loss", Double.NaN));
    }

    assertThat(Journal.read(file, 0).getFirst().text("answer"))
        .contains("Grüße,\n \"naïve\" 日本 \u2028 \0");
    assertThat(Journal.read(file, 1).getFirst().number("loss").orElseThrow()).isNaN();
  }

  @Test
  void cutsATornTailAtEveryByteAndCountsOn() throws IOException {
    write(3);
    byte[] whole = Files.readAllBytes(file);
    int second = endOfLine(whole, 2);
    for (int length = second; length < whole.length; length++) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(Journal.read(file, 0)).hasSize(2);
      try (var journal = Journal.open(file)) {
        assertThat(journal.append("event", Map.of("message", "again"))).isEqualTo(3);
      }
      var records = Journal.read(file, 0);
      assertThat(records).extracting(JournalRecord::seq).containsExactly(1L, 2L, 3L);
      assertThat(records.getLast().type()).isEqualTo("event");
    }
  }

  @Test
  void stopsAtARecordThatWasDamagedAtAnyByte() throws IOException {
    write(3);
    byte[] whole = Files.readAllBytes(file);
    int first = endOfLine(whole, 1);
    int second = endOfLine(whole, 2);
    for (int i = first; i < second; i++) {
      byte[] damaged = whole.clone();
      damaged[i] ^= 0x04;
      Files.write(file, damaged);
      assertThat(Journal.read(file, 0)).as("byte %d", i).hasSize(1);
    }
  }

  @Test
  void keepsBesideItWhatItCutsOffBehindADamagedRecord() throws IOException {
    write(4);
    byte[] whole = Files.readAllBytes(file);
    whole[endOfLine(whole, 1) + 20] ^= 1;
    Files.write(file, whole);

    try (var journal = Journal.open(file)) {
      assertThat(journal.seq()).isEqualTo(1);
    }

    assertThat(folder.resolve("journal.cut-1"))
        .hasBinaryContent(Arrays.copyOfRange(whole, endOfLine(whole, 1), whole.length));
  }

  @Test
  void isOpenForAppendingOnlyOnce() {
    try (var journal = Journal.open(file)) {
      journal.append("started", Map.of());
      assertThatThrownBy(() -> Journal.open(file)).isInstanceOf(IllegalStateException.class);
      Journal.read(file, 0);
    }
    Journal.open(file).close();
  }

  @Test
  void noticesAnotherWriter() throws IOException {
    try (var journal = Journal.open(file)) {
      journal.append("started", Map.of());
      Files.writeString(file, "other\n", StandardOpenOption.APPEND);
      assertThatThrownBy(() -> journal.append("step", Map.of()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("somebody else");
    }
  }

  @Test
  void aTailTakesEachRecordOnceAndLeavesALineThatIsStillBeingWritten() throws IOException {
    write(3);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, new byte[0]);
    var tail = JournalTail.after(file, 0);
    int taken = 0;
    for (int i = 0; i < whole.length; i++) {
      Files.write(file, new byte[] {whole[i]}, StandardOpenOption.APPEND);
      var records = tail.poll();
      assertThat(records.size()).isEqualTo(whole[i] == '\n' ? 1 : 0);
      taken += records.size();
    }
    assertThat(taken).isEqualTo(3);
    assertThat(tail.position().end()).isEqualTo(whole.length);
  }

  @Test
  void aTailGoesOnFromAWrittenDownPosition() {
    write(5);
    var tail = JournalTail.after(file, 0);
    assertThat(tail.poll(2)).hasSize(2);

    var position = JournalPosition.parse(tail.position().toString());

    assertThat(JournalTail.holds(file, position)).isTrue();
    assertThat(new JournalTail(file, position).poll())
        .extracting(JournalRecord::seq)
        .containsExactly(3L, 4L, 5L);
  }

  @Test
  void aPositionNoLongerHoldsWhenTheJournalWentOnOtherwise() throws IOException {
    write(5);
    var tail = JournalTail.after(file, 0);
    tail.poll();
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, endOfLine(whole, 3)));
    assertThat(JournalTail.holds(file, tail.position())).isFalse();
    try (var journal = Journal.open(file)) {
      journal.append("event", Map.of("message", "another past"));
      journal.append("event", Map.of("message", "another past"));
      journal.append("event", Map.of("message", "another past"));
    }
    assertThat(JournalTail.holds(file, tail.position())).isFalse();
  }

  @Test
  void readsLinesLongerThanItsPiece() {
    var answer = "x".repeat(3_000_000);
    try (var journal = Journal.open(file)) {
      journal.append("sample", Map.of("answer", answer));
      journal.append("step", Map.of("step", 1));
    }
    assertThat(Journal.read(file, 0)).hasSize(2);
    assertThat(Journal.read(file, 0).getFirst().text("answer")).contains(answer);
  }

  @Test
  void opensHundredsOfThousandsOfRecordsWithoutReadingTheirJson() {
    try (var journal = Journal.open(file)) {
      for (int i = 0; i < 200_000; i++) {
        journal.append("step", Map.of("step", i, "loss", 1.0 / (i + 1)));
      }
    }
    long begin = System.nanoTime();
    try (var journal = Journal.open(file)) {
      assertThat(journal.seq()).isEqualTo(200_000);
    }
    assertThat(Journal.read(file, 199_990)).hasSize(10);
    assertThat((System.nanoTime() - begin) / 1e9).isLessThan(3);
  }

  private void write(int records) {
    try (var journal = Journal.open(file)) {
      for (int i = 1; i <= records; i++) {
        journal.append(i == 1 ? "started" : "step", Map.of("step", i - 1, "loss", 0.5));
      }
    }
  }

  /** The offset behind the n-th line feed. */
  private static int endOfLine(byte[] bytes, int n) {
    int seen = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n' && ++seen == n) {
        return i + 1;
      }
    }
    throw new AssertionError("fewer lines");
  }
}
