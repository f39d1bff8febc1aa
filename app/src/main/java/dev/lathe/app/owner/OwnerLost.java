package dev.lathe.app.owner;

/** The owner ended before it answered a request that must not be sent twice. */
public final class OwnerLost extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OwnerLost(Throwable cause) {
    super("the process that owned the home ended before it answered", cause);
  }
}
