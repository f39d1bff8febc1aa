package dev.lathe.serving.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Keeps what goes to a client, as long as it is not too much. */
final class RecordedReply implements Reply {
  private static final long MOST = 4L << 20;

  private final Reply client;
  private final List<byte[]> parts = new ArrayList<>();
  private long bytes;

  RecordedReply(Reply client) {
    this.client = client;
  }

  /** The whole answer, or every event's data; empty when it was too much. */
  List<byte[]> parts() {
    return bytes > MOST ? List.of() : parts;
  }

  private void keep(byte[] part) {
    bytes += part.length;
    if (bytes <= MOST) {
      parts.add(part);
    }
  }

  @Override
  public void whole(Map<String, String> headers, byte[] json) throws ClientGone {
    keep(json);
    client.whole(headers, json);
  }

  @Override
  public void begin(Map<String, String> headers) throws ClientGone {
    client.begin(headers);
  }

  @Override
  public void event(byte[] data) throws ClientGone {
    keep(data);
    client.event(data);
  }

  @Override
  public void flush() throws ClientGone {
    client.flush();
  }
}
