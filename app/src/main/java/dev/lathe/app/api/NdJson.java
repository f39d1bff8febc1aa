package dev.lathe.app.api;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;

/**
 * Long answers, a JSON object a line. They end with {@code {"result":…}} or {@code {"error":…}}; an
 * answer without either was cut off. When the reader has gone the next write throws, which ends the
 * work: Ctrl-C at a client cancels what it asked for.
 */
public final class NdJson {
  public static final String MEDIA_TYPE = "application/x-ndjson";

  private final HttpServletResponse response;
  private final JsonMapper json;

  private NdJson(HttpServletResponse response, JsonMapper json) {
    this.response = response;
    this.json = json;
  }

  /** Work that tells of its progress and yields a result. */
  @FunctionalInterface
  public interface Work {
    Object run(Consumer<Object> progress) throws Exception;
  }

  /** Records as they come; {@link #record} and {@link #signOfLife} may be called by one thread. */
  @FunctionalInterface
  public interface Stream {
    void run(NdJson out) throws Exception;
  }

  /** Answers with {@code {"progress":…}} lines and the result. */
  public static void work(HttpServletResponse response, JsonMapper json, Work work)
      throws Exception {
    new NdJson(response, json)
        .answer(
            out -> out.write(Map.of("result", work.run(p -> out.write(Map.of("progress", p))))));
  }

  /** Answers with plain records, then an empty result. */
  public static void stream(HttpServletResponse response, JsonMapper json, Stream stream)
      throws Exception {
    new NdJson(response, json)
        .answer(
            out -> {
              stream.run(out);
              out.write(Map.of("result", Map.of()));
            });
  }

  public void record(Object record) {
    write(record);
  }

  /** An empty line: readers skip it, and a reader that has gone is noticed. */
  public void signOfLife() {
    send(new byte[] {'\n'});
  }

  private void answer(Stream body) throws Exception {
    response.setContentType(MEDIA_TYPE);
    response.setCharacterEncoding("UTF-8");
    try {
      body.run(this);
    } catch (ReaderGone e) {
      throw e;
    } catch (Exception e) {
      if (!response.isCommitted()) {
        response.reset();
        throw e; // still a plain answer with a status of its own
      }
      write(Map.of("error", Problems.logged(e)));
    }
  }

  private void write(Object line) {
    byte[] text = json.writeValueAsBytes(line);
    byte[] ended = java.util.Arrays.copyOf(text, text.length + 1);
    ended[text.length] = '\n';
    send(ended);
  }

  private void send(byte[] bytes) {
    try {
      OutputStream out = response.getOutputStream();
      out.write(bytes);
      out.flush();
    } catch (IOException e) {
      throw new ReaderGone(e);
    }
  }

  /** The client hung up. */
  static final class ReaderGone extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    ReaderGone(IOException cause) {
      super("the client hung up", cause);
    }
  }
}
