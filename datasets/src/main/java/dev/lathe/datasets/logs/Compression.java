package dev.lathe.datasets.logs;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** Gzip and Zstandard, known by their first bytes whatever the file is called. */
final class Compression {
  private Compression() {}

  static InputStream open(Path path) throws IOException {
    var raw = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
    try {
      raw.mark(4);
      byte[] magic = raw.readNBytes(4);
      raw.reset();
      if (starts(magic, 0x1f, 0x8b)) {
        return new GZIPInputStream(raw, 1 << 16);
      }
      if (starts(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
        return new ZstdInputStream(raw).setContinuous(false);
      }
      return raw;
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  private static boolean starts(byte[] head, int... magic) {
    if (head.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if ((head[i] & 0xff) != magic[i]) {
        return false;
      }
    }
    return true;
  }
}
