package dev.lathe.app.owner;

import java.net.URI;

/** Serves a home's HTTP API on loopback, inside this process. */
@FunctionalInterface
public interface HomeServer {
  /**
   * Starts serving and returns when requests are answered.
   *
   * @throws dev.lathe.checkpoints.input.BadInput when the port is taken, or the configuration
   *     cannot be used
   */
  Running start(Home home, Door door);

  /** Serves the bearers of a token. */
  default Running start(Home home, String token, int port) {
    return start(home, Door.closed(token, port));
  }

  /** A server that answers. */
  interface Running extends AutoCloseable {
    URI address();

    /** Waits until the work that others asked for (requests that change something) is done. */
    void drain();

    @Override
    void close();
  }
}
