package dev.lathe.serving.providers.llama.protocol;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1 request, read whole.
 *
 * @param path without the query
 * @param headers names in lower case
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
record HttpRequest(
    String method, String path, boolean http11, Map<String, String> headers, byte[] body) {
  static final int MOST_BODY = 4 << 20;

  private static final int MOST_HEAD = 32 << 10;
  private static final byte[] GO_ON =
      "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  HttpRequest {
    headers = Map.copyOf(headers);
  }

  /** Whether the client can read an answer in chunks. */
  boolean chunks() {
    return http11;
  }

  boolean keepsAlive() {
    var connection = headers.getOrDefault("connection", "").toLowerCase(Locale.ROOT);
    return http11 ? !connection.contains("close") : connection.contains("keep-alive");
  }

  /** What cannot be read as a request; the connection ends with the answer to it. */
  static final class Unreadable extends IOException {
    private static final long serialVersionUID = 1;

    private final int status;

    Unreadable(int status, String message) {
      super(message);
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  /**
   * Reads the next request of a connection.
   *
   * @param out where the client is told to go on, if it asks
   * @return null where the client ended the connection
   * @throws Unreadable for what is no request, or one that is too large
   */
  static @Nullable HttpRequest read(InputStream in, OutputStream out) throws IOException {
    var budget = new int[] {MOST_HEAD};
    var first = line(in, budget);
    if (first == null) {
      return null;
    }
    if (first.isEmpty()) { // some clients end a body with a line that is not of it
      first = line(in, budget);
    }
    var words = first == null ? new String[0] : first.split(" ");
    if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
      throw new Unreadable(400, "this is no HTTP/1.1 request");
    }
    var headers = new HashMap<String, String>();
    for (var line = line(in, budget); ; line = line(in, budget)) {
      if (line == null) {
        throw new EOFException("the request breaks off in its headers");
      }
      if (line.isEmpty()) {
        break;
      }
      int colon = line.indexOf(':');
      if (colon <= 0 || line.charAt(colon - 1) == ' ') {
        throw new Unreadable(400, "a header without a name");
      }
      var name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      var value = line.substring(colon + 1).strip();
      var earlier = headers.put(name, value);
      if (earlier != null && name.equals("content-length") && !earlier.equals(value)) {
        throw new Unreadable(400, "two content lengths");
      }
    }
    var query = words[1].indexOf('?');
    var path = query < 0 ? words[1] : words[1].substring(0, query);
    boolean http11 = !words[2].equals("HTTP/1.0");
    return new HttpRequest(words[0], path, http11, headers, body(in, out, headers));
  }

  private static byte[] body(InputStream in, OutputStream out, Map<String, String> headers)
      throws IOException {
    var coding = headers.get("transfer-encoding");
    var length = headers.get("content-length");
    if (coding == null && length == null) {
      return new byte[0];
    }
    if (coding != null && (length != null || !coding.equalsIgnoreCase("chunked"))) {
      throw new Unreadable(length == null ? 501 : 400, "transfer-encoding " + coding);
    }
    int known = length == null ? -1 : length(length, 10);
    if ("100-continue".equalsIgnoreCase(headers.get("expect"))) {
      out.write(GO_ON);
      out.flush();
    }
    return known >= 0 ? exactly(in, known) : chunked(in);
  }

  private static byte[] chunked(InputStream in) throws IOException {
    var body = new ByteArrayOutputStream();
    while (true) {
      var budget = new int[] {1024};
      var line = line(in, budget);
      if (line == null) {
        throw new EOFException("the request breaks off in its body");
      }
      int semicolon = line.indexOf(';');
      int size = length((semicolon < 0 ? line : line.substring(0, semicolon)).strip(), 16);
      if (body.size() + size > MOST_BODY) {
        throw tooLarge();
      }
      if (size == 0) {
        for (var more = line(in, budget); more != null && !more.isEmpty(); ) {
          more = line(in, budget);
        }
        return body.toByteArray();
      }
      body.write(exactly(in, size));
      line(in, budget);
    }
  }

  private static int length(String digits, int radix) throws Unreadable {
    if (!digits.matches(radix == 10 ? "[0-9]+" : "[0-9a-fA-F]+")) {
      throw new Unreadable(400, "a length that is no number");
    }
    var significant = digits.replaceFirst("^0+(?=.)", "");
    if (significant.length() > 9 || Long.parseLong(significant, radix) > MOST_BODY) {
      throw tooLarge();
    }
    return Integer.parseInt(significant, radix);
  }

  private static Unreadable tooLarge() {
    return new Unreadable(413, "the request's body is larger than " + (MOST_BODY >> 20) + " MiB");
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("the request breaks off in its body");
    }
    return bytes;
  }

  /** A line without its end; null at the end of the stream. */
  private static @Nullable String line(InputStream in, int[] budget) throws IOException {
    byte[] line = new byte[256];
    int length = 0;
    while (true) {
      int b = in.read();
      if (b < 0) {
        return length == 0 ? null : new String(line, 0, length, StandardCharsets.ISO_8859_1);
      }
      if (--budget[0] < 0) {
        throw new Unreadable(431, "the request's headers are too long");
      }
      if (b == '\n') {
        int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        return new String(line, 0, end, StandardCharsets.ISO_8859_1);
      }
      if (length == line.length) {
        line = Arrays.copyOf(line, 2 * length);
      }
      line[length++] = (byte) b;
    }
  }
}
