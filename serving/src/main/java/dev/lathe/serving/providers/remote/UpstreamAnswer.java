package dev.lathe.serving.providers.remote;

import dev.lathe.serving.wire.Chunks;
import dev.lathe.serving.wire.WireError;
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
  private final Exchange exchange;
  private final HttpPost request;
  private final ClassicHttpResponse response;
  private final AtomicBoolean complete = new AtomicBoolean();

  UpstreamAnswer(Exchange exchange, HttpPost request, ClassicHttpResponse response) {
    this.exchange = exchange;
    this.request = request;
    this.response = response;
  }

  /** What was asked. */
  public Exchange exchange() {
    return exchange;
  }

  public int status() {
    return response.getCode();
  }

  public boolean isStream() {
    var type = header("Content-Type");
    return type != null && exchange.isStream(type.toLowerCase(Locale.ROOT));
  }

  public @Nullable String header(String name) {
    var header = response.getFirstHeader(name);
    return header == null ? null : header.getValue();
  }

  /**
   * What the upstream says instead of an answer.
   *
   * @param who it is, to begin a sentence with
   * @param most bytes of it
   * @throws IOException when it breaks off or is longer
   */
  public WireError refusal(String who, int most) throws IOException {
    return exchange.refusal(who, status(), whole(most), header("Retry-After"));
  }

  /**
   * The answer as a chat completion.
   *
   * @throws IOException when it breaks off or is longer than {@code most}
   */
  public byte[] completion(int most) throws IOException {
    return exchange.completion(whole(most));
  }

  /** The answer as chunks of a chat completion. */
  public Chunks chunks() throws IOException {
    return exchange.chunks(body());
  }

  private InputStream body() throws IOException {
    var entity = response.getEntity();
    return entity == null ? InputStream.nullInputStream() : entity.getContent();
  }

  private byte[] whole(int most) throws IOException {
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
