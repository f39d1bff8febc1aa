package dev.lathe.serving.providers.remote;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.jspecify.annotations.Nullable;

/**
 * What an upstream answers, its body still under way. Closed after {@link #complete} its connection
 * is used again; closed before, the connection is cut, which tells the upstream to stop.
 */
public final class UpstreamAnswer implements AutoCloseable {
  private final HttpPost request;
  private final ClassicHttpResponse response;
  private final AtomicBoolean complete;

  UpstreamAnswer(HttpPost request, ClassicHttpResponse response, AtomicBoolean complete) {
    this.request = request;
    this.response = response;
    this.complete = complete;
  }

  public int status() {
    return response.getCode();
  }

  public boolean isEventStream() {
    var type = header("Content-Type");
    return type != null && type.toLowerCase(Locale.ROOT).startsWith("text/event-stream");
  }

  public @Nullable String header(String name) {
    var header = response.getFirstHeader(name);
    return header == null ? null : header.getValue();
  }

  public InputStream body() throws IOException {
    var entity = response.getEntity();
    return entity == null ? InputStream.nullInputStream() : entity.getContent();
  }

  /**
   * The whole body.
   *
   * @throws IOException when it breaks off or is longer than {@code most}
   */
  public byte[] whole(int most) throws IOException {
    var entity = response.getEntity();
    if (entity == null) {
      complete();
      return new byte[0];
    }
    var in = entity.getContent();
    var bytes = in.readNBytes(most + 1);
    if (bytes.length > most) {
      throw new IOException("the answer is longer than " + most + " bytes");
    }
    complete();
    return bytes;
  }

  /** Everything was read. */
  public void complete() {
    complete.set(true);
  }

  @Override
  public void close() {
    try {
      if (complete.get()) {
        body().close(); // reads the end of it, and gives the connection back
      } else {
        request.abort();
      }
      response.close();
    } catch (IOException e) {
      // The connection is gone, as was wanted.
    }
  }
}
