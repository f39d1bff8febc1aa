package dev.lathe.checkpoints.gguf;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Pieces;
import dev.lathe.checkpoints.files.Segments;
import dev.lathe.checkpoints.quantized.Encoding;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Writes GGUF files, version 3, little endian. Metadata and tensors stand in the order in which
 * they were given: the same calls make the same bytes. The tensors' bytes are asked for while the
 * file is written, one tensor after the other, and may be of any length.
 */
public final class GgufWriter {
  private static final int VERSION = 3;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final String ALIGNMENT = "general.alignment";

  /** ggml keeps names in 64 bytes, the last of them zero, and has four dimensions. */
  private static final int LONGEST_NAME = 63;

  private static final int MOST_DIMENSIONS = 4;

  private final int alignment;
  private final SequencedMap<String, byte[]> metadata = new LinkedHashMap<>();
  private final SequencedMap<String, Planned> tensors = new LinkedHashMap<>();

  @SuppressWarnings("ArrayRecordComponent") // a shape is never written to
  private record Planned(Encoding encoding, long[] shape, long length, Pieces bytes) {}

  public GgufWriter() {
    this(DEFAULT_ALIGNMENT);
  }

  /**
   * @param alignment of the tensors in bytes, a power of two
   */
  public GgufWriter(int alignment) {
    if (alignment < 8 || Integer.bitCount(alignment) != 1) {
      throw new IllegalArgumentException("no alignment: " + alignment);
    }
    this.alignment = alignment;
    if (alignment != DEFAULT_ALIGNMENT) {
      put(ALIGNMENT, new GgufValue.UInt32(alignment));
    }
  }

  /** Adds a value, or replaces the one of this key where it stands. */
  public GgufWriter metadata(String key, GgufValue value) {
    if (key.equals(ALIGNMENT)) {
      throw new IllegalArgumentException("the alignment is given to the constructor");
    }
    put(key, value);
    return this;
  }

  private void put(String key, GgufValue value) {
    metadata.put(key, new GgufOutput().typed(value).bytes());
  }

  public GgufWriter text(String key, String value) {
    return metadata(key, new GgufValue.Text(value));
  }

  public GgufWriter uint32(String key, long value) {
    return metadata(key, new GgufValue.UInt32(value));
  }

  public GgufWriter float32(String key, float value) {
    return metadata(key, new GgufValue.Float32(value));
  }

  public GgufWriter bool(String key, boolean value) {
    return metadata(key, new GgufValue.Bool(value));
  }

  /** Takes over everything that another file says of itself, except its alignment. */
  public GgufWriter metadataOf(GgufFile other) {
    for (var key : other.metadata().keySet()) {
      if (!key.equals(ALIGNMENT)) {
        metadata.put(key, other.encoded(key).toArray(ValueLayout.JAVA_BYTE));
      }
    }
    return this;
  }

  /**
   * Adds a tensor.
   *
   * @param shape outermost dimension first
   * @param bytes the encoded elements, asked for by {@link #write}
   * @throws IllegalArgumentException when GGUF cannot hold such a tensor
   */
  public GgufWriter tensor(String name, Encoding encoding, long[] shape, Pieces bytes) {
    if (GgufOutput.utf8(name).length > LONGEST_NAME || name.isEmpty()) {
      throw new IllegalArgumentException("no name for a tensor: " + name);
    }
    if (shape.length < 1
        || shape.length > MOST_DIMENSIONS
        || Arrays.stream(shape).anyMatch(d -> d < 1)
        || shape[shape.length - 1] % encoding.elements() != 0) {
      throw new IllegalArgumentException(
          "%s cannot be %s %s".formatted(name, encoding, Arrays.toString(shape)));
    }
    long count = 1;
    for (long d : shape) {
      count = Math.multiplyExact(count, d);
    }
    var planned = new Planned(encoding, shape.clone(), encoding.length(count), bytes);
    if (tensors.putIfAbsent(name, planned) != null) {
      throw new IllegalArgumentException("the tensor " + name + " is there already");
    }
    return this;
  }

  /**
   * Writes the file aside, forces it to disk and renames it into place; a file that is there is
   * replaced. What the tensors' sources throw comes through, and nothing is changed.
   *
   * @throws dev.lathe.checkpoints.input.BadInput when the disk is full
   * @throws IllegalStateException when a tensor's source gives too few or too many bytes
   */
  public void write(Path file) {
    byte[] header = header();
    Durable.stream(
        file,
        out -> {
          DiskFull.require(file.toAbsolutePath().resolveSibling(""), header.length + dataLength());
          Segments.write(out, MemorySegment.ofArray(header));
          for (var tensor : tensors.entrySet()) {
            write(out, tensor.getKey(), tensor.getValue());
          }
        });
  }

  private void write(FileChannel out, String name, Planned tensor) throws IOException {
    long start = out.position();
    tensor
        .bytes()
        .writeTo(
            piece -> {
              if (piece.byteSize() > tensor.length() - (out.position() - start)) {
                throw new IllegalStateException(name + " has more bytes than " + tensor.length());
              }
              Segments.write(out, piece);
            });
    if (out.position() - start != tensor.length()) {
      throw new IllegalStateException(
          "%s has %d bytes of %d".formatted(name, out.position() - start, tensor.length()));
    }
    Segments.write(
        out, MemorySegment.ofArray(new byte[(int) (aligned(tensor.length()) - tensor.length())]));
  }

  private long dataLength() {
    return tensors.values().stream().mapToLong(t -> aligned(t.length())).sum();
  }

  private byte[] header() {
    var out = new GgufOutput();
    out.int8('G').int8('G').int8('U').int8('F').int32(VERSION);
    out.int64(tensors.size()).int64(metadata.size());
    metadata.forEach((key, value) -> out.text(key).raw(value));
    long offset = 0;
    for (var entry : tensors.entrySet()) {
      var tensor = entry.getValue();
      out.text(entry.getKey()).int32(tensor.shape().length);
      for (int i = tensor.shape().length - 1; i >= 0; i--) {
        out.int64(tensor.shape()[i]);
      }
      out.int32(GgufHeader.number(tensor.encoding())).int64(offset);
      offset += aligned(tensor.length());
    }
    return out.raw(new byte[(int) (aligned(out.size()) - out.size())]).bytes();
  }

  private long aligned(long position) {
    return (position + alignment - 1) / alignment * alignment;
  }
}
