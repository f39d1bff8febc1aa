package dev.lathe.serving.providers.llama.protocol;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** One request and its answer, which is either one JSON text or a stream of events. */
final class Exchange {
  /** A request's JSON may not become much larger as a tree than it is as text. */
  private static final int MOST_TOKENS = 200_000;

  static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxTokenCount(MOST_TOKENS).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Map<Integer, String> REASONS =
      Map.ofEntries(
          Map.entry(200, "OK"),
          Map.entry(400, "Bad Request"),
          Map.entry(403, "Forbidden"),
          Map.entry(404, "Not Found"),
          Map.entry(405, "Method Not Allowed"),
          Map.entry(408, "Request Timeout"),
          Map.entry(413, "Content Too Large"),
          Map.entry(431, "Request Header Fields Too Large"),
          Map.entry(500, "Internal Server Error"),
          Map.entry(501, "Not Implemented"),
          Map.entry(503, "Service Unavailable"));

  private final HttpRequest request;
  private final OutputStream out;
  private final AtomicReference<@Nullable Runnable> onGone = new AtomicReference<>();
  private volatile boolean gone;
  private boolean begun;
  private boolean streaming;
  private boolean closing;

  Exchange(HttpRequest request, OutputStream out) {
    this.request = request;
    this.out = out;
    this.closing = !request.keepsAlive();
  }

  HttpRequest request() {
    return request;
  }

  /** Has this run once when the client goes away before the answer is complete. */
  void onGone(Runnable action) {
    onGone.set(action);
    if (gone) {
      gone();
    }
  }

  /** The client went away. */
  void gone() {
    gone = true;
    var action = onGone.getAndSet(null);
    if (action != null) {
      action.run();
    }
  }

  /** Whether part of an answer went out. */
  boolean begun() {
    return begun;
  }

  /** Whether the connection ends with this answer. */
  boolean closing() {
    return closing;
  }

  void closeAfterwards() {
    closing = true;
  }

  void answer(int status, Object body) throws IOException {
    answer(status, body, "");
  }

  /**
   * @param headers further header lines, each ended by CR LF
   */
  void answer(int status, Object body, String headers) throws IOException {
    var bytes = JSON.writeValueAsBytes(body);
    begun = true;
    out.write(
        head(status, "application/json; charset=utf-8")
            .append("Content-Length: ")
            .append(bytes.length)
            .append("\r\n")
            .append(headers)
            .append("\r\n")
            .toString()
            .getBytes(StandardCharsets.US_ASCII));
    if (!request.method().equals("HEAD")) {
      out.write(bytes);
    }
    out.flush();
  }

  /** Begins a stream of server-sent events. */
  void beginEvents() throws IOException {
    begun = true;
    streaming = true;
    if (!request.chunks()) {
      closing = true; // an HTTP/1.0 client knows the end by the connection's
    }
    var head = head(200, "text/event-stream; charset=utf-8").append("Cache-Control: no-cache\r\n");
    if (request.chunks()) {
      head.append("Transfer-Encoding: chunked\r\n");
    }
    out.write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  void event(Object data) throws IOException {
    event(JSON.writeValueAsString(data));
  }

  void event(String data) throws IOException {
    var bytes = ("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8);
    if (request.chunks()) {
      out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
      out.write(bytes);
      out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    } else {
      out.write(bytes);
    }
    out.flush();
  }

  /** Ends the stream, where there is one. */
  void end() throws IOException {
    if (streaming && request.chunks()) {
      out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    out.flush();
  }

  private StringBuilder head(int status, String type) {
    return new StringBuilder("HTTP/1.1 ")
        .append(status)
        .append(' ')
        .append(REASONS.getOrDefault(status, "Status"))
        .append("\r\nContent-Type: ")
        .append(type)
        .append("\r\nConnection: ")
        .append(closing ? "close" : "keep-alive")
        .append("\r\n");
  }
}
