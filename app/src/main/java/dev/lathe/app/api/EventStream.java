package dev.lathe.app.api;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Server-sent events (WHATWG HTML, section 9.2), written by one thread as they come. */
final class EventStream {
  static final String MEDIA_TYPE = "text/event-stream";
  private static final long SIGN_NANOS = 2_000_000_000L;

  private final HttpServletResponse response;
  private final JsonMapper json;
  private long lastWrite = System.nanoTime();

  /** What is told; it ends when the reader goes, which is nothing to report. */
  @FunctionalInterface
  interface Story {
    void tell(EventStream out) throws InterruptedException;
  }

  static void answer(HttpServletResponse response, JsonMapper json, Story story)
      throws InterruptedException {
    try {
      story.tell(new EventStream(response, json));
    } catch (NdJson.ReaderGone e) {
      // a page was closed
    }
  }

  /** Begins the answer; a reader that loses it is asked to come back after a second. */
  private EventStream(HttpServletResponse response, JsonMapper json) {
    this.response = response;
    this.json = json;
    response.setContentType(MEDIA_TYPE);
    response.setCharacterEncoding("UTF-8");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Accel-Buffering", "no"); // a proxy in between passes events on at once
    send("retry: 1000\n\n");
  }

  /**
   * @param id what a reader that comes back sends as Last-Event-ID; null for none
   * @param data written as one line of JSON
   */
  void event(String name, @Nullable Long id, Object data) {
    send(
        (id == null ? "" : "id: " + id + "\n")
            + "event: "
            + name
            + "\ndata: "
            + json.writeValueAsString(data)
            + "\n\n");
  }

  /** A comment when nothing was sent for two seconds: a reader that has gone is noticed. */
  void signOfLife() {
    if (System.nanoTime() - lastWrite > SIGN_NANOS) {
      send(": here\n\n");
    }
  }

  private void send(String text) {
    try {
      var out = response.getOutputStream();
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
      lastWrite = System.nanoTime();
    } catch (IOException e) {
      throw new NdJson.ReaderGone(e);
    }
  }
}
