package dev.lathe.checkpoints.bases;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lathe.checkpoints.files.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * The Hugging Face hub's protocol over a directory: the API's listing, {@code resolve} answered
 * with a redirection that names size and SHA-256, and a storage server that knows ranges.
 * Connections to the storage can be cut or slowed down.
 */
final class LocalHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  /** {@code PATH Range=… Authorization=…} of every request, in order. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** After so many bytes of a file the connection ends; -1 never. */
  volatile int cutAfter = -1;

  /** Milliseconds between pieces of 4 KiB. */
  volatile int slowness;

  /** What the hub says every file hashes to, instead of the truth. */
  volatile String announced = "";

  private final Path files;
  private final HttpServer hub;
  private final HttpServer storage;

  LocalHub(Path files) {
    this.files = files;
    hub = start();
    storage = start();
    hub.createContext("/api/models/", this::list);
    hub.createContext("/lab/", this::redirect);
    storage.createContext("/", this::send);
  }

  URI address() {
    return URI.create("http://localhost:" + hub.getAddress().getPort());
  }

  List<String> requestsFor(String file) {
    return requests.stream().filter(r -> r.startsWith("/storage/" + file)).toList();
  }

  private static HttpServer start() {
    try {
      var server =
          HttpServer.create(new InetSocketAddress(InetAddress.getByName("localhost"), 0), 0);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      server.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void list(HttpExchange exchange) throws IOException {
    note(exchange, exchange.getRequestURI().getPath());
    String siblings;
    try (var list = Files.list(files)) {
      siblings =
          list.map(f -> "{\"rfilename\":\"" + f.getFileName() + "\"}")
              .collect(Collectors.joining(","));
    }
    var json = "{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + siblings + "]}";
    exchange.sendResponseHeaders(200, json.length());
    exchange.getResponseBody().write(json.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    exchange.close();
  }

  private void redirect(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    note(exchange, path);
    var leaf = path.substring(path.lastIndexOf('/') + 1);
    var headers = exchange.getResponseHeaders();
    var hash = announced.isEmpty() ? Sha256.of(files.resolve(leaf)) : announced;
    headers.set("X-Linked-Etag", "\"" + hash + "\"");
    headers.set("X-Linked-Size", "" + Files.size(files.resolve(leaf)));
    headers.set(
        "Location", "http://localhost:" + storage.getAddress().getPort() + "/storage/" + leaf);
    exchange.sendResponseHeaders(302, -1);
    exchange.close();
  }

  private void send(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    note(exchange, path);
    var bytes = Files.readAllBytes(files.resolve(path.substring(path.lastIndexOf('/') + 1)));
    var range = exchange.getRequestHeaders().getFirst("Range");
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
    if (range != null) {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
    }
    int cut = cutAfter;
    exchange.sendResponseHeaders(range == null ? 200 : 206, bytes.length - from);
    try (var out = exchange.getResponseBody()) {
      for (int at = from; at < bytes.length; at += 4096) {
        if (cut >= 0 && at - from >= cut) {
          throw new IOException("cut, as the test wants it");
        }
        out.write(bytes, at, Math.min(4096, bytes.length - at));
        out.flush();
        if (slowness > 0) {
          Thread.sleep(slowness);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void note(HttpExchange exchange, String path) {
    var headers = exchange.getRequestHeaders();
    requests.add(
        path
            + " Range="
            + headers.getFirst("Range")
            + " Authorization="
            + headers.getFirst("Authorization"));
  }

  @Override
  public void close() {
    hub.stop(0);
    storage.stop(0);
  }
}
