package dev.lathe.datasets.tokens;

import dev.lathe.checkpoints.files.Durable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes one shard file ({@link ShardFormat}), example by example, in little memory. The file
 * appears under its name only when {@link #finish} has forced all of it to disk; closed before
 * that, the writer leaves nothing.
 */
public final class ShardWriter implements AutoCloseable {
  private final Path file;
  private final Path aside;
  private final Path indexAside;
  private final String tokenizer;
  private final String template;
  private final Out body;
  private final Out index;
  private final Map<String, Integer> names = new LinkedHashMap<>();
  private long examples;
  private long tokens;
  private long labelTokens;
  private int longest;

  /**
   * @param tokenizer SHA-256 (hex) of the tokenizer.json that made the ids
   * @param template SHA-256 (hex) of the chat template
   */
  public ShardWriter(Path file, String tokenizer, String template) {
    this.file = file.toAbsolutePath();
    this.aside = file.resolveSibling("." + file.getFileName() + ".aside");
    this.indexAside = file.resolveSibling("." + file.getFileName() + ".index");
    this.tokenizer = tokenizer;
    this.template = template;
    try {
      Files.createDirectories(aside.toAbsolutePath().getParent());
      this.body = new Out(aside, ShardFormat.HEADER);
      this.index = new Out(indexAside, 0);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  public void add(Example example) {
    try {
      int n = example.length();
      int labels = example.labelCount();
      index.room(ShardFormat.ENTRY);
      index.buffer.putLong(body.position()).putInt(n).putInt(labels);
      index.buffer.putInt(number(example.source())).putInt(number(example.language()));
      body.ints(example.ids());
      int[] words = new int[ShardFormat.labelWords(n)];
      example.labelled().stream().forEach(i -> words[i / 32] |= 1 << i % 32);
      body.ints(words);
      body.text(example.id());
      examples++;
      tokens += n;
      labelTokens += labels;
      longest = Math.max(longest, n);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  /** Completes the file and gives it its name. */
  public void finish() {
    finish(null);
  }

  /**
   * The same with what was said of the examples.
   *
   * @param preferences of exactly the examples added, or null for a chat dataset
   */
  public void finish(@Nullable Preferences preferences) {
    try {
      long indexAt = body.position();
      index.flush();
      body.copy(indexAside);
      long namesAt = body.position();
      body.ints(new int[] {names.size()});
      for (var name : names.keySet()) {
        body.text(name);
      }
      long judgedAt = preferences == null ? 0 : body.position();
      if (preferences != null) {
        int[] words = new int[ShardFormat.labelWords(Math.toIntExact(examples))];
        preferences.liked().stream().forEach(i -> words[i / 32] |= 1 << i % 32);
        body.ints(words);
        for (var pair : preferences.pairs()) {
          body.ints(new int[] {pair.chosen(), pair.rejected()});
        }
      }
      body.flush();
      var header =
          new ShardFormat.Header(
              examples,
              tokens,
              labelTokens,
              longest,
              indexAt,
              namesAt,
              body.position(),
              judgedAt,
              preferences == null ? 0 : preferences.pairs().size(),
              (int) body.crc.getValue(),
              tokenizer,
              template);
      body.channel.write(header.toBytes(), 0);
      body.channel.force(true);
      Durable.moveInto(aside, file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
    } finally {
      close();
    }
  }

  @Override
  public void close() {
    try {
      body.channel.close();
      index.channel.close();
      Files.deleteIfExists(aside);
      Files.deleteIfExists(indexAside);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot clear up " + aside, e);
    }
  }

  private int number(String name) {
    return names.computeIfAbsent(name, n -> names.size());
  }

  /** Buffered bytes into a file, with their checksum. */
  private static final class Out {
    final FileChannel channel;
    final ByteBuffer buffer = ByteBuffer.allocate(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
    final CRC32C crc = new CRC32C();
    private long flushed;

    Out(Path file, long from) throws IOException {
      channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING);
      flushed = from;
    }

    long position() {
      return flushed + buffer.position();
    }

    void room(int bytes) throws IOException {
      if (buffer.remaining() < bytes) {
        flush();
      }
    }

    void ints(int[] values) throws IOException {
      for (int value : values) {
        room(4);
        buffer.putInt(value);
      }
    }

    void text(String text) throws IOException {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      room(4);
      buffer.putInt(bytes.length);
      for (int i = 0; i < ShardFormat.padded(bytes.length); i++) {
        room(1);
        buffer.put(i < bytes.length ? bytes[i] : 0);
      }
    }

    void copy(Path from) throws IOException {
      try (var in = FileChannel.open(from, StandardOpenOption.READ)) {
        do {
          flush();
        } while (in.read(buffer) >= 0);
      }
    }

    void flush() throws IOException {
      buffer.flip();
      crc.update(buffer.duplicate());
      while (buffer.hasRemaining()) {
        flushed += channel.write(buffer, flushed);
      }
      buffer.clear();
    }
  }
}
