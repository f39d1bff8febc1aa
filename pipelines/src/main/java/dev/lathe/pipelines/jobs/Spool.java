package dev.lathe.pipelines.jobs;

import dev.lathe.datasets.store.Split;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The kept conversations between two steps: their lines in a file, and in memory only where each
 * lies and which split it belongs to, 13 bytes a conversation.
 */
final class Spool implements AutoCloseable {
  private static final byte DROPPED = -1;

  private final Path file;
  private final OutputStream out;
  private @Nullable FileChannel in;
  private long[] offsets = new long[1 << 12];
  private int[] lengths = new int[1 << 12];
  private byte[] splits = new byte[1 << 12];
  private int size;
  private long written;

  Spool(Path file) {
    this.file = file;
    try {
      out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 18);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  int size() {
    return size;
  }

  void add(byte[] line, Split split) {
    if (size == offsets.length) {
      offsets = Arrays.copyOf(offsets, 2 * size);
      lengths = Arrays.copyOf(lengths, 2 * size);
      splits = Arrays.copyOf(splits, 2 * size);
    }
    try {
      out.write(line);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
    offsets[size] = written;
    lengths[size] = line.length;
    splits[size++] = (byte) split.ordinal();
    written += line.length;
  }

  /** Ends writing; from here on lines are read, by any thread. */
  void seal() {
    try {
      out.close();
      in = FileChannel.open(file, StandardOpenOption.READ);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  byte[] line(int i) {
    if (in == null) {
      throw new IllegalStateException("seal the spool first");
    }
    var buffer = ByteBuffer.allocate(lengths[i]);
    try {
      while (buffer.hasRemaining()) {
        if (in.read(buffer, offsets[i] + buffer.position()) < 0) {
          throw new IOException("it was cut short");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
    return buffer.array();
  }

  /** Null once it is dropped. */
  @Nullable Split split(int i) {
    return splits[i] == DROPPED ? null : Split.values()[splits[i]];
  }

  void drop(int i) {
    splits[i] = DROPPED;
  }

  @Override
  public void close() {
    try {
      out.close();
      if (in != null) {
        in.close();
      }
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + file, e);
    }
  }
}
