package dev.lathe.app.owner;

import java.net.URI;

/** Serves a home's HTTP API on loopback, inside this process. */
@FunctionalInterface
public interface HomeServer {
  /**
   * Starts serving and returns when requests are answered.
   *
   * @param token what every request must bear
   * @param port 0 for any free one
   * @throws dev.lathe.checkpoints.input.BadInput when the port is taken
   */
  Running start(Home home, String token, int port);

  /** A server that answers. */
  interface Running extends AutoCloseable {
    URI address();

    /** Waits until the work that others asked for (requests that change something) is done. */
    void drain();

    @Override
    void close();
  }
}
