package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One file over HTTP. It grows as {@code NAME.part} and gets its name when it is whole, checked and
 * on the disk; a part that is there is continued, not fetched again.
 */
final class Download {
  private static final int REDIRECTS = 5;

  private final PullSettings settings;
  private final Consumer<PullProgress> progress;

  Download(PullSettings settings, Consumer<PullProgress> progress) {
    this.settings = settings;
    this.progress = progress;
  }

  /** A server refuses: no use in asking it again. */
  private static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message);
    }
  }

  /**
   * What the server says a file is.
   *
   * @param bytes -1 when it doesn't say
   * @param hash SHA-256, or git's SHA-1 of the blob, whichever the ETag is; null when it is neither
   */
  private record Announced(long bytes, @Nullable String hash) {
    Announced and(Announced later) {
      return new Announced(bytes >= 0 ? bytes : later.bytes, hash != null ? hash : later.hash);
    }
  }

  /** A small document, whole. */
  byte[] document(URI uri) throws IOException {
    var connection = open(uri, 0);
    try (InputStream in = body(connection, uri)) {
      return in.readAllBytes();
    } finally {
      connection.disconnect();
    }
  }

  /**
   * @param pinned the SHA-256 it must have whatever the server says, or null
   * @throws BadInput when its hash is another, or the disk is full
   * @throws IOException when the server cannot be reached, refuses, or breaks off again and again
   */
  void fetch(URI uri, Path target, @Nullable String pinned) throws IOException {
    if (Files.exists(target)) {
      return; // named means checked
    }
    var part = target.resolveSibling(target.getFileName() + ".part");
    Announced announced = null;
    int left = settings.attempts();
    while (announced == null) {
      long before = size(part);
      try {
        announced = attempt(uri, part, target.getFileName() + "");
      } catch (Refused | UnknownHostException | ConnectException e) {
        throw e;
      } catch (IOException e) {
        DiskSpace.explain(e, part);
        left = size(part) > before ? Math.max(left - 1, 1) : left - 1;
        if (left <= 0 || settings.attempts() == 1) {
          throw e;
        }
        pause();
      }
    }
    check(part, announced, pinned);
    Durable.moveInto(part, target);
  }

  private Announced attempt(URI uri, Path part, String leaf) throws IOException {
    long have = size(part);
    var announced = new Announced(-1, null);
    var at = uri;
    for (int hop = 0; hop <= REDIRECTS; hop++) {
      var connection = open(at, have);
      try {
        int status = connection.getResponseCode();
        announced = announced.and(announced(connection, status));
        if (status >= 300 && status < 400 && connection.getHeaderField("Location") != null) {
          at = at.resolve(connection.getHeaderField("Location"));
          continue;
        }
        if (status == 416) {
          if (have == announced.bytes()) {
            return announced;
          }
          Files.deleteIfExists(part);
          throw new IOException("the server does not know byte " + have + " of " + leaf);
        }
        long from = status == 206 ? rangeStart(connection) : 0;
        if (status == 206 && from != have) {
          Files.deleteIfExists(part);
          throw new IOException("the server began at byte " + from + " instead of " + have);
        }
        try (InputStream in = body(connection, at)) {
          receive(in, part, from, announced.bytes(), leaf);
        }
        return announced;
      } finally {
        connection.disconnect();
      }
    }
    throw new Refused("more than " + REDIRECTS + " redirections from " + uri);
  }

  private void receive(InputStream in, Path part, long from, long total, String leaf)
      throws IOException {
    DiskSpace.require(part.resolveSibling(""), Math.max(0, total - from));
    long done = from;
    try (var out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      out.truncate(from);
      out.position(from);
      byte[] piece = new byte[1 << 17];
      progress.accept(new PullProgress("download " + leaf, done, Math.max(0, total)));
      for (int n = read(in, piece, total); n >= 0; n = read(in, piece, total)) {
        var buffer = ByteBuffer.wrap(piece, 0, n);
        while (buffer.hasRemaining()) {
          out.write(buffer);
        }
        done += n;
        progress.accept(new PullProgress("download " + leaf, done, Math.max(0, total)));
      }
      out.force(true);
    }
    if (total >= 0 && done != total) {
      throw new IOException("broke off at byte " + done + " of " + total + " of " + leaf);
    }
  }

  /**
   * A connection that is cut ends like a file where the count of its bytes tells the difference.
   */
  private static int read(InputStream in, byte[] piece, long total) throws IOException {
    try {
      return in.read(piece);
    } catch (IOException cut) {
      if (total < 0) {
        throw cut;
      }
      return -1;
    }
  }

  private void check(Path part, Announced announced, @Nullable String pinned) throws IOException {
    var expected = pinned != null ? pinned : announced.hash();
    if (expected == null) {
      return;
    }
    var found = expected.length() == 64 ? Sha256.of(part) : gitBlob(part);
    if (!found.equals(expected)) {
      Files.delete(part);
      throw new BadInput(
          "a downloaded file is not what it should be",
          part.getFileName().toString().replaceFirst("\\.part$", "")
              + ": expected "
              + expected
              + ", found "
              + found,
          "Pull again; if it stays so, the source or a proxy on the way changes files.");
    }
  }

  private HttpURLConnection open(URI uri, long from) throws IOException {
    if (!(uri.toURL().openConnection() instanceof HttpURLConnection connection)) {
      throw new Refused("no web address: " + uri);
    }
    connection.setInstanceFollowRedirects(false);
    connection.setConnectTimeout((int) settings.connectTimeout().toMillis());
    connection.setReadTimeout((int) settings.readTimeout().toMillis());
    connection.setRequestProperty("User-Agent", "lathe");
    connection.setRequestProperty("Accept-Encoding", "identity");
    if (from > 0) {
      connection.setRequestProperty("Range", "bytes=" + from + "-");
    }
    boolean ours = // a redirection to the same host without TLS is not ours
        uri.getScheme().equals(settings.endpoint().getScheme())
            && uri.getAuthority().equals(settings.endpoint().getAuthority());
    if (settings.token() != null && ours) {
      connection.setRequestProperty("Authorization", "Bearer " + settings.token());
    }
    return connection;
  }

  private InputStream body(HttpURLConnection connection, URI uri) throws IOException {
    int status = connection.getResponseCode();
    return switch (status) {
      case 200, 206 -> connection.getInputStream();
      case 401, 403 ->
          throw new Refused(
              uri.getHost()
                  + " answers "
                  + status
                  + ": "
                  + (settings.token() == null
                      ? "private, gated or unknown; accept its licence there and set HF_TOKEN"
                      : "HF_TOKEN has no access to it"));
      case 404 -> throw new Refused(uri.getHost() + " has no " + uri.getPath());
      default -> {
        var message = uri.getHost() + " answers " + status;
        throw status == 429 || status >= 500 ? new IOException(message) : new Refused(message);
      }
    };
  }

  /**
   * The hub names size and hash of a large file on the redirection, before its storage is asked.
   */
  private static Announced announced(HttpURLConnection connection, int status) {
    long linked = connection.getHeaderFieldLong("X-Linked-Size", -1);
    long here =
        switch (status) {
          case 200 -> connection.getContentLengthLong();
          case 206, 416 -> rangeTotal(connection);
          default -> -1;
        };
    var tag = hash(connection.getHeaderField("X-Linked-Etag"));
    return new Announced(
        linked >= 0 ? linked : here, tag != null ? tag : hash(connection.getHeaderField("ETag")));
  }

  private static @Nullable String hash(@Nullable String tag) {
    if (tag == null) {
      return null;
    }
    var bare = tag.replaceFirst("^W/", "").replace("\"", "");
    return bare.matches("[0-9a-f]{64}|[0-9a-f]{40}") ? bare : null;
  }

  private static long rangeStart(HttpURLConnection connection) throws IOException {
    var range = String.valueOf(connection.getHeaderField("Content-Range"));
    try {
      return Long.parseLong(range.replaceFirst("^bytes (\\d+)-.*$", "$1"));
    } catch (NumberFormatException e) {
      throw new IOException("a partial answer without its range: " + range, e);
    }
  }

  private static long rangeTotal(HttpURLConnection connection) {
    var range = String.valueOf(connection.getHeaderField("Content-Range"));
    var total = range.substring(range.indexOf('/') + 1);
    return total.matches("\\d{1,18}") ? Long.parseLong(total) : -1;
  }

  private static String gitBlob(Path file) throws IOException {
    try {
      var digest = MessageDigest.getInstance("SHA-1");
      digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
      digest.update(Files.readAllBytes(file));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-1", e);
    }
  }

  private static long size(Path file) throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(500);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
