package dev.lathe.app.owner;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * This process owns the home: it holds the lock, which the system releases however the process
 * ends, and serves the API. At most one process has it at a time.
 */
public final class Ownership implements AutoCloseable {
  private final Home home;
  private final FileChannel channel;
  private final HomeServer.Running server;
  private final OwnerRecord record;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Ownership(Home home, FileChannel channel, HomeServer.Running server, OwnerRecord record) {
    this.home = home;
    this.channel = channel;
    this.server = server;
    this.record = record;
  }

  /**
   * Takes the home, starts its server and says so in {@code owner.json}, whatever an owner that was
   * killed left there. Empty when another process has it.
   */
  public static Optional<Ownership> take(Home home, HomeServer how, int port) {
    return take(home, how, token -> Door.closed(token, port));
  }

  /**
   * Takes the home as {@link #take(Home, HomeServer, int)} does.
   *
   * @param door made for the token that {@code owner.json} will hold
   */
  public static Optional<Ownership> take(Home home, HomeServer how, Function<String, Door> door) {
    home.prepare();
    FileChannel channel = null;
    boolean taken = false;
    try {
      channel = FileChannel.open(home.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!locked(channel)) {
        return Optional.empty();
      }
      var token = freshToken();
      var server = how.start(home, door.apply(token));
      try {
        var record = OwnerRecord.ofThisProcess(server.address(), token);
        record.write(home.record());
        taken = true;
        return Optional.of(new Ownership(home, channel, server, record));
      } finally {
        if (!taken) {
          server.close();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot lock " + home.lock(), e);
    } finally {
      if (!taken && channel != null) {
        closeQuietly(channel);
      }
    }
  }

  /** A null lock means another process, the exception another owner within this one. */
  private static boolean locked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  public OwnerRecord record() {
    return record;
  }

  /** Waits for the work that other clients asked for. */
  public void drain() {
    server.drain();
  }

  /** Stops serving, then gives the home back; safe to call twice and from a shutdown hook. */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      server.close();
      Files.deleteIfExists(home.record());
    } catch (IOException e) {
      // A record that stays behind names a process that is gone; the next owner replaces it.
    } finally {
      closeQuietly(channel);
    }
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // The lock goes with the process at the latest.
    }
  }

  private static String freshToken() {
    byte[] secret = new byte[32];
    new SecureRandom().nextBytes(secret);
    return HexFormat.of().formatHex(secret);
  }
}
