package dev.lathe.app.api;

import dev.lathe.serving.messages.MessagesReply;
import dev.lathe.serving.routing.Reply;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A router's reply as a servlet's response. */
final class ServletReply implements Reply, MessagesReply.Client {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);

  private final HttpServletResponse response;

  ServletReply(HttpServletResponse response) {
    this.response = response;
  }

  @Override
  public void whole(Map<String, String> headers, byte[] json) throws ClientGone {
    headers.forEach(response::setHeader);
    response.setContentType("application/json");
    response.setContentLength(json.length);
    write(out -> out.write(json));
  }

  @Override
  public void begin(Map<String, String> headers) {
    headers.forEach(response::setHeader);
    response.setContentType("text/event-stream");
    response.setCharacterEncoding("UTF-8");
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("X-Accel-Buffering", "no"); // nginx would hold events back
  }

  @Override
  public void event(byte[] data) throws ClientGone {
    write(
        out -> {
          out.write(DATA);
          out.write(data);
          out.write(END);
        });
  }

  @Override
  public void event(String name, byte[] data) throws ClientGone {
    write(out -> out.write(("event: " + name + "\n").getBytes(StandardCharsets.US_ASCII)));
    event(data);
  }

  @Override
  public void flush() throws ClientGone {
    write(ServletOutputStream::flush);
  }

  @FunctionalInterface
  private interface Write {
    void to(ServletOutputStream out) throws IOException;
  }

  private void write(Write write) throws ClientGone {
    try {
      write.to(response.getOutputStream());
    } catch (IOException e) {
      throw new ClientGone(e);
    }
  }
}
