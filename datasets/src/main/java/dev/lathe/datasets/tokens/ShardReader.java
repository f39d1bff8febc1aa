package dev.lathe.datasets.tokens;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.preference.Pairing;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A shard file mapped into memory; examples are read where they lie, in any order, by any thread.
 * The whole file is checked on open.
 */
public final class ShardReader implements AutoCloseable, Iterable<Example> {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Arena arena;
  private final MemorySegment bytes;
  private final ShardFormat.Header header;
  private final List<String> names;

  private ShardReader(Arena arena, MemorySegment bytes, ShardFormat.Header header) {
    this.arena = arena;
    this.bytes = bytes;
    this.header = header;
    this.names = new ArrayList<>();
    long at = header.names() + 4;
    for (int i = 0; i < bytes.get(INT, header.names()); i++) {
      names.add(text(at));
      at += 4 + ShardFormat.padded(bytes.get(INT, at));
    }
  }

  /**
   * @throws BadInput for a file that is missing, cut short, changed, or of another kind
   */
  public static ShardReader open(Path file) {
    var arena = Arena.ofShared();
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      var bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new ShardReader(arena, bytes, checked(file, bytes));
    } catch (IOException e) {
      arena.close();
      throw new BadInput(
          "cannot read the shard: " + e.getMessage(), file.toString(), "Rebuild the dataset.", e);
    } catch (RuntimeException e) {
      arena.close();
      throw e instanceof IndexOutOfBoundsException ? damaged(file, "inconsistent") : e;
    }
  }

  private static ShardFormat.Header checked(Path file, MemorySegment bytes) {
    if (bytes.byteSize() < ShardFormat.HEADER || bytes.get(LONG, 0) != ShardFormat.MAGIC) {
      throw new BadInput("not a token shard", file.toString(), "Rebuild the dataset.");
    }
    int version = bytes.get(INT, 8);
    if (version != ShardFormat.VERSION) {
      throw new BadInput(
          "a token shard of version " + version + ", this program reads " + ShardFormat.VERSION,
          file.toString(),
          "Rebuild the dataset.");
    }
    byte[] head = bytes.asSlice(0, ShardFormat.HEADER).toArray(ValueLayout.JAVA_BYTE);
    if (ShardFormat.crc(head) != bytes.get(INT, ShardFormat.HEADER - 4)) {
      throw damaged(file, "its header was changed");
    }
    var header = ShardFormat.Header.read(ByteBuffer.wrap(head));
    if (header.end() != bytes.byteSize()) {
      throw damaged(file, "%d bytes of %d".formatted(bytes.byteSize(), header.end()));
    }
    var crc = new CRC32C();
    long piece = 1 << 26;
    for (long at = ShardFormat.HEADER; at < bytes.byteSize(); at += piece) {
      crc.update(bytes.asSlice(at, Math.min(piece, bytes.byteSize() - at)).asByteBuffer());
    }
    if ((int) crc.getValue() != header.bodyCrc()) {
      throw damaged(file, "its checksum does not match");
    }
    return header;
  }

  private static BadInput damaged(Path file, String how) {
    return new BadInput("a damaged token shard, " + how, file.toString(), "Rebuild the dataset.");
  }

  /** How many examples there are. */
  public long size() {
    return header.examples();
  }

  /** Tokens in all examples. */
  public long tokens() {
    return header.tokens();
  }

  /** Labelled tokens in all examples. */
  public long labelTokens() {
    return header.labelTokens();
  }

  /** Tokens of the longest example. */
  public int longest() {
    return header.longest();
  }

  /** SHA-256 of the tokenizer.json that made the ids. */
  public String tokenizer() {
    return header.tokenizer();
  }

  /** SHA-256 of the chat template. */
  public String template() {
    return header.template();
  }

  /** Tokens of example {@code i}, without reading it. */
  public int length(long i) {
    return bytes.get(INT, entry(i) + 8);
  }

  /** Labelled tokens of example {@code i}, without reading it. */
  public int labelCount(long i) {
    return bytes.get(INT, entry(i) + 12);
  }

  /** What was said of the examples; empty for a chat dataset. */
  public Optional<Preferences> preferences() {
    if (header.judged() == 0) {
      return Optional.empty();
    }
    int n = Math.toIntExact(header.examples());
    long at = header.judged();
    int words = ShardFormat.labelWords(n);
    var liked = BitSet.valueOf(bytes.asSlice(at, 4L * words).asByteBuffer());
    at += 4L * words;
    var pairs = new ArrayList<Pairing.Pair>(header.pairs());
    for (int i = 0; i < header.pairs(); i++) {
      int chosen = Objects.checkIndex(bytes.get(INT, at + 8L * i), n);
      pairs.add(new Pairing.Pair(chosen, Objects.checkIndex(bytes.get(INT, at + 8L * i + 4), n)));
    }
    return Optional.of(new Preferences(liked, pairs));
  }

  public Example example(long i) {
    long entry = entry(i);
    long at = bytes.get(LONG, entry);
    int n = length(i);
    int[] ids = bytes.asSlice(at, 4L * n).toArray(INT);
    at += 4L * n;
    int words = ShardFormat.labelWords(n);
    var labelled = BitSet.valueOf(bytes.asSlice(at, 4L * words).asByteBuffer());
    var id = text(at + 4L * words);
    var source = names.get(bytes.get(INT, entry + 16));
    var language = names.get(bytes.get(INT, entry + 20));
    return new Example(id, ids, labelled, source, language);
  }

  @Override
  public Iterator<Example> iterator() {
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        return next < size();
      }

      @Override
      public Example next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return example(next++);
      }
    };
  }

  @Override
  public void close() {
    arena.close();
  }

  private long entry(long i) {
    return header.index() + ShardFormat.ENTRY * Objects.checkIndex(i, header.examples());
  }

  private String text(long at) {
    int length = bytes.get(INT, at);
    byte[] utf8 = bytes.asSlice(at + 4, length).toArray(ValueLayout.JAVA_BYTE);
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
