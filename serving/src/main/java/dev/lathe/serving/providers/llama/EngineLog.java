package dev.lathe.serving.providers.llama;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** What an engine says, in a file of bounded size; one older file is kept beside it. */
final class EngineLog {
  private static final int LAST_BYTES = 8_192;
  private static final int LAST_LINES = 12;

  private final Path file;
  private final long most;
  private long size;

  EngineLog(Path file, long most) throws IOException {
    this.file = file;
    this.most = most;
    Files.createDirectories(file.toAbsolutePath().getParent());
    this.size = Files.exists(file) ? Files.size(file) : 0;
  }

  /** Copies a stream to its end. What cannot be written is thrown away: the engine must go on. */
  void copy(InputStream in) {
    var buffer = new byte[8_192];
    try {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        append(buffer, n);
      }
    } catch (IOException e) {
      // the process has ended
    }
  }

  void line(String line) {
    var bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    append(bytes, bytes.length);
  }

  private synchronized void append(byte[] bytes, int length) {
    try {
      if (size + length > most) {
        Files.move(
            file,
            file.resolveSibling(file.getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
        size = 0;
      }
      try (OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        out.write(bytes, 0, length);
      }
      size += length;
    } catch (IOException e) {
      // a full disk ends no engine
    }
  }

  /** The end of it, without blank lines. */
  synchronized List<String> lastLines() {
    try (var channel = Files.newByteChannel(file)) {
      channel.position(Math.max(0, channel.size() - LAST_BYTES));
      var bytes = java.nio.channels.Channels.newInputStream(channel).readNBytes(LAST_BYTES);
      var lines =
          new String(bytes, StandardCharsets.UTF_8).lines().filter(l -> !l.isBlank()).toList();
      return lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
    } catch (IOException e) {
      return List.of();
    }
  }
}
