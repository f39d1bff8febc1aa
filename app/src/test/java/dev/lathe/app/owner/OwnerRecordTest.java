package dev.lathe.app.owner;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnerRecordTest {
  @TempDir Path folder;

  @Test
  void isReadBackAsItWasWritten() {
    var record = OwnerRecord.ofThisProcess(URI.create("http://127.0.0.1:1"), "t");
    record.write(folder.resolve("owner.json"));
    assertThat(OwnerRecord.read(folder.resolve("owner.json"))).contains(record);
    assertThat(record.isAlive()).isTrue();
  }

  @Test
  void aProcessNumberGivenOutAgainIsNotTheOwner() {
    var self = OwnerRecord.ofThisProcess(URI.create("http://127.0.0.1:1"), "t");
    var earlier =
        new OwnerRecord(self.pid(), self.startedAt() - 60_000, null, self.address(), self.token());
    assertThat(earlier.isAlive()).isFalse();
  }

  @Test
  void halfARecordIsNone() throws Exception {
    var file = Files.writeString(folder.resolve("owner.json"), "{\"pid\": 12");
    assertThat(OwnerRecord.read(file)).isEmpty();
    Files.writeString(file, "{\"pid\": 12}");
    assertThat(OwnerRecord.read(file)).isEmpty();
  }
}
