package dev.lathe.serving.routing;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An answer for a caller in this process, as a whole. */
public final class KeptReply implements Reply {
  private byte @Nullable [] body;
  private Map<String, String> headers = Map.of();

  @Override
  public void whole(Map<String, String> told, byte[] json) {
    headers = told;
    body = json;
  }

  /** The answer's JSON; null while there is none. */
  public byte @Nullable [] body() {
    return body;
  }

  public Map<String, String> headers() {
    return headers;
  }

  @Override
  public void begin(Map<String, String> told) {
    throw new IllegalStateException("no stream was asked for");
  }

  @Override
  public void event(byte[] data) {
    throw new IllegalStateException("no stream was asked for");
  }

  @Override
  public void flush() {
    // There is nobody further on.
  }
}
