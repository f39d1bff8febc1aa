package dev.lathe.serving.providers.remote.translation;

import dev.lathe.serving.wire.Chunks;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Lines of JSON out of a stream of bytes, one at a time as they come (https://ndjson.org). */
public final class JsonLines implements Chunks {
  private static final int LONGEST = 16 << 20;

  private final InputStream in;
  private byte[] buffer = new byte[8192];
  private int from;
  private int to;

  public JsonLines(InputStream in) {
    this.in = in;
  }

  /**
   * The next line that is not blank; null at the end of the stream. A line that nothing ended is
   * not told of.
   *
   * @throws IOException when the stream breaks off, or holds a line above 16 MiB
   */
  @Override
  public byte @Nullable [] next() throws IOException {
    while (true) {
      int end = lineEnd(from);
      for (int looked = to; end < 0; looked = to) {
        looked -= compact();
        if (!fill()) {
          return null;
        }
        end = lineEnd(looked);
      }
      var line = Arrays.copyOfRange(buffer, from, end);
      from = end + 1;
      if (!isBlank(line)) {
        return line;
      }
    }
  }

  @Override
  public boolean hasNext() {
    return lineEnd(from) >= 0;
  }

  private int lineEnd(int looked) {
    for (int i = looked; i < to; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  /** Moves what is left to the buffer's beginning; by how much. */
  private int compact() {
    int moved = from;
    System.arraycopy(buffer, from, buffer, 0, to - from);
    to -= from;
    from = 0;
    return moved;
  }

  private boolean fill() throws IOException {
    if (to > LONGEST) {
      throw new IOException("a line is longer than " + LONGEST + " bytes");
    }
    if (to == buffer.length) {
      buffer = Arrays.copyOf(buffer, buffer.length * 2);
    }
    int read = in.read(buffer, to, buffer.length - to);
    if (read > 0) {
      to += read;
    }
    return read >= 0;
  }

  private static boolean isBlank(byte[] line) {
    for (byte b : line) {
      if (b != ' ' && b != '\r' && b != '\t') {
        return false;
      }
    }
    return true;
  }
}
