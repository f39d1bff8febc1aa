package dev.lathe.serving.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Server-sent events out of a stream of bytes, one at a time as they come
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). Only {@code data} is kept:
 * OpenAI's streams have nothing else that means something.
 */
public final class Events implements Chunks {
  /** What an event holds in {@code data} after the last one of an answer. */
  public static final String DONE = "[DONE]";

  private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
  private static final int LONGEST = 16 << 20;

  private final InputStream in;
  private byte[] buffer = new byte[8192];
  private int from;
  private int to;

  public Events(InputStream in) {
    this.in = in;
  }

  /**
   * The data of the next event; null at the end of the stream. An event that its blank line did not
   * end is not told of.
   *
   * @throws IOException when the stream breaks off, or holds a line above 16 MiB
   */
  @Override
  public byte @Nullable [] next() throws IOException {
    byte @Nullable [] data = null;
    while (true) {
      int end = lineEnd();
      if (end < 0) {
        return null;
      }
      int length = end - from;
      if (length > 0 && buffer[end - 1] == '\r') {
        length--;
      }
      int start = from;
      from = end + 1;
      if (length == 0) {
        if (data != null) {
          return data;
        }
      } else if (startsWithData(start, length)) {
        int at = start + DATA.length;
        if (at < start + length && buffer[at] == ' ') {
          at++;
        }
        var line = Arrays.copyOfRange(buffer, at, start + length);
        data = data == null ? line : joined(data, line);
      }
    }
  }

  @Override
  public boolean hasNext() {
    for (int i = from; i + 1 < to; i++) {
      if (buffer[i] == '\n'
          && (buffer[i + 1] == '\n'
              || (i + 2 < to && buffer[i + 1] == '\r' && buffer[i + 2] == '\n'))) {
        return true;
      }
    }
    return false;
  }

  public static boolean isDone(byte[] data) {
    return data.length == DONE.length() && new String(data, StandardCharsets.US_ASCII).equals(DONE);
  }

  private boolean startsWithData(int start, int length) {
    return length >= DATA.length
        && Arrays.equals(buffer, start, start + DATA.length, DATA, 0, DATA.length);
  }

  /** Several {@code data} lines are one text; in JSON a space does for their line break. */
  private static byte[] joined(byte[] first, byte[] second) {
    var all = new ByteArrayOutputStream(first.length + 1 + second.length);
    all.writeBytes(first);
    all.write(' ');
    all.writeBytes(second);
    return all.toByteArray();
  }

  /** Index of the line feed that ends the line at {@code from}; -1 at the end of the stream. */
  private int lineEnd() throws IOException {
    int looked = from;
    while (true) {
      for (int i = looked; i < to; i++) {
        if (buffer[i] == '\n') {
          return i;
        }
      }
      int seen = to - from;
      if (seen > LONGEST) {
        throw new IOException("an event's line is longer than " + LONGEST + " bytes");
      }
      if (from > 0) {
        System.arraycopy(buffer, from, buffer, 0, seen);
        from = 0;
        to = seen;
      }
      if (to == buffer.length) {
        buffer = Arrays.copyOf(buffer, buffer.length * 2);
      }
      looked = to;
      int read = in.read(buffer, to, buffer.length - to);
      if (read < 0) {
        return -1;
      }
      to += read;
    }
  }
}
