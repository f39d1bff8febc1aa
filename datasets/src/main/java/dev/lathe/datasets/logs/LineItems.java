package dev.lathe.datasets.logs;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Lines of bytes, blank ones skipped; a line above the limit is passed over, not held. */
final class LineItems implements Items {
  /** One conversation of 16 MiB is a mistake, not a conversation. */
  static final int LONGEST = 16 << 20;

  private final InputStream in;
  private final byte[] buffer = new byte[1 << 18];
  private int position;
  private int limit;
  private long line;
  private boolean ended;

  LineItems(InputStream in) {
    this.in = in;
  }

  @Override
  public @Nullable Item next() {
    while (!ended) {
      line++;
      try {
        var found = line();
        if (found != null) {
          return found;
        }
      } catch (IOException e) {
        ended = true;
        return new Item.Unreadable(line, "the file cannot be read further: " + e.getMessage());
      }
    }
    return null;
  }

  private @Nullable Item line() throws IOException {
    var held = new ByteArrayOutputStream(0);
    long length = 0;
    while (true) {
      if (position == limit) {
        limit = Math.max(0, in.read(buffer));
        position = 0;
        if (limit == 0) {
          ended = true;
          return item(held.toByteArray(), length);
        }
      }
      int start = position;
      while (position < limit && buffer[position] != '\n') {
        position++;
      }
      length += position - start;
      if (length <= LONGEST) {
        held.write(buffer, start, position - start);
      }
      if (position < limit) {
        position++;
        return item(held.toByteArray(), length);
      }
    }
  }

  private @Nullable Item item(byte[] bytes, long length) {
    if (length > LONGEST) {
      return new Item.Unreadable(
          line, "the line has " + length + " bytes, more than " + LONGEST / (1 << 20) + " MiB");
    }
    int from = line == 1 && startsWithMark(bytes) ? 3 : 0;
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
        return new Item.Line(
            line, from == 0 ? bytes : Arrays.copyOfRange(bytes, from, bytes.length));
      }
    }
    return null;
  }

  private static boolean startsWithMark(byte[] bytes) {
    return bytes.length >= 3
        && bytes[0] == (byte) 0xEF
        && bytes[1] == (byte) 0xBB
        && bytes[2] == (byte) 0xBF;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
