package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.protocol.HttpRequest.Unreadable;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * An HTTP/1.1 server on loopback, with a virtual thread a connection. Unlike the JDK's it notices
 * at once when a client goes away while its answer is being made, streamed or not: the connection's
 * thread keeps listening meanwhile.
 */
public final class LoopbackServer implements AutoCloseable {
  private static final int MOST_CONNECTIONS = 4096;
  private static final int REQUEST_MILLIS = 120_000;
  private static final int LINGER_MILLIS = 2_000;

  private final ServerSocket socket;
  private final Handler handler;
  private final Semaphore connections = new Semaphore(MOST_CONNECTIONS);

  /** Answers requests; several at once. */
  @FunctionalInterface
  interface Handler {
    void handle(Exchange exchange) throws IOException;
  }

  private LoopbackServer(ServerSocket socket, Handler handler) {
    this.socket = socket;
    this.handler = handler;
  }

  /**
   * Listens.
   *
   * @param port 0 for any that is free
   */
  static LoopbackServer start(int port, Handler handler) throws IOException {
    var socket = new ServerSocket(port, 256, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    var server = new LoopbackServer(socket, handler);
    Thread.ofPlatform().name("http").start(server::accept);
    return server;
  }

  public int port() {
    return socket.getLocalPort();
  }

  /** Accepts no more; answers under way go on. */
  @Override
  public void close() throws IOException {
    socket.close();
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        connections.acquire();
        var client = socket.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        connections.release();
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      client.setTcpNoDelay(true);
      client.setSoTimeout(REQUEST_MILLIS);
      var in = new PushbackInputStream(new BufferedInputStream(client.getInputStream()), 1);
      var out = new BufferedOutputStream(client.getOutputStream());
      while (true) {
        HttpRequest request;
        try {
          request = HttpRequest.read(in, out);
        } catch (Unreadable e) {
          refuse(client, in, out, e);
          return;
        }
        if (request == null || !answer(client, in, new Exchange(request, out))) {
          return;
        }
      }
    } catch (IOException e) {
      // the client is gone
    } finally {
      connections.release();
    }
  }

  /** Answers one request; false where the connection ends with it. */
  private boolean answer(Socket client, PushbackInputStream in, Exchange exchange)
      throws IOException {
    var answering = Thread.ofVirtual().start(() -> handle(client, exchange));
    try {
      // The next byte is that of the next request, and comes when this one is answered.
      client.setSoTimeout(0);
      int next = in.read();
      if (next < 0) {
        exchange.gone();
        return false;
      }
      answering.join();
      in.unread(next);
      client.setSoTimeout(REQUEST_MILLIS);
      return !exchange.closing();
    } catch (IOException e) {
      exchange.gone();
      return false;
    } catch (InterruptedException e) {
      return false;
    } finally {
      joined(answering);
    }
  }

  private void handle(Socket client, Exchange exchange) {
    try {
      handler.handle(exchange);
      if (exchange.closing()) {
        client.shutdownOutput();
        client.close();
      }
    } catch (IOException | RuntimeException e) {
      exchange.gone();
      close(client);
    }
  }

  private static void joined(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void close(Socket client) {
    try {
      client.close();
    } catch (IOException e) {
      // it is closed
    }
  }

  /**
   * Answers what is no request. What the client still sends is read for a while: a connection that
   * is closed with bytes unread is reset, and the client would not see the answer.
   */
  private static void refuse(
      Socket client, InputStream in, BufferedOutputStream out, Unreadable problem)
      throws IOException {
    var exchange =
        new Exchange(
            new HttpRequest("POST", "", true, Map.of("connection", "close"), new byte[0]), out);
    exchange.answer(
        problem.status(),
        new Refusal(
                problem.status(),
                String.valueOf(problem.getMessage()),
                "invalid_request_error",
                null,
                null)
            .body());
    client.shutdownOutput();
    client.setSoTimeout(LINGER_MILLIS);
    long until = System.nanoTime() + 5L * LINGER_MILLIS * 1_000_000;
    byte[] unread = new byte[1 << 16];
    while (System.nanoTime() < until && in.read(unread) >= 0) {
      // thrown away
    }
  }
}
