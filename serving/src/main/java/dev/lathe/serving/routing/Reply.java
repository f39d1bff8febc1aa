package dev.lathe.serving.routing;

import java.util.Map;

/** The client's side of one request. */
public interface Reply {
  /** A whole answer. */
  void whole(Map<String, String> headers, byte[] json) throws ClientGone;

  /** The head of a stream of events. */
  void begin(Map<String, String> headers) throws ClientGone;

  /** One event's data. */
  void event(byte[] data) throws ClientGone;

  /** What was written goes out now. */
  void flush() throws ClientGone;

  /** The client hung up, so nobody waits for the rest. */
  final class ClientGone extends Exception {
    private static final long serialVersionUID = 1L;

    public ClientGone(Throwable cause) {
      super("the client hung up", cause);
    }
  }
}
