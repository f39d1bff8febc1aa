package dev.lathe.checkpoints.gguf;

import dev.lathe.checkpoints.files.MappedFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A GGUF file, version 2 or 3, mapped into memory. Everything in its header has been checked when
 * {@link #open} returns: no tensor lies outside the file or over another, and every encoding is one
 * that {@link dev.lathe.checkpoints.quantized.Encoding} decodes.
 */
public final class GgufFile implements AutoCloseable {
  private final MappedFile file;
  private final Map<String, Object> metadata;
  private final Map<String, MemorySegment> encoded;
  private final SequencedMap<String, GgufTensor> tensors;

  private GgufFile(MappedFile file, GgufHeader header) {
    this.file = file;
    this.metadata = Collections.unmodifiableMap(header.metadata());
    this.encoded = header.encoded();
    this.tensors = Collections.unmodifiableSequencedMap(header.tensors());
  }

  /**
   * @throws BadInput when the file is missing, damaged, of another format or version, or holds a
   *     quantization that cannot be decoded here
   */
  public static GgufFile open(Path path) {
    var file = MappedFile.open(path);
    try {
      return new GgufFile(file, GgufHeader.read(path, file.bytes()));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  public Path path() {
    return file.path();
  }

  /**
   * In file order. Integers are Long (BigInteger for a uint64 beyond it), floats Double, and arrays
   * {@code List<?>} of the same.
   */
  public Map<String, Object> metadata() {
    return metadata;
  }

  public Optional<String> text(String key) {
    return Optional.ofNullable(metadata.get(key))
        .filter(String.class::isInstance)
        .map(String.class::cast);
  }

  /** A metadata value as it lies in the file, its type first; valid until {@link #close}. */
  MemorySegment encoded(String key) {
    var bytes = encoded.get(key);
    if (bytes == null) {
      throw new IllegalArgumentException(path() + " has no " + key);
    }
    return bytes;
  }

  /** In file order. */
  public SequencedMap<String, GgufTensor> tensors() {
    return tensors;
  }

  /**
   * @throws BadInput when the file holds no such tensor
   */
  public GgufTensor tensor(String name) {
    var tensor = tensors.get(name);
    if (tensor == null) {
      throw new BadInput(
          "the file " + path() + " has no such tensor",
          name,
          DidYouMean.remedy(name, tensors.keySet()));
    }
    return tensor;
  }

  /** The encoded bytes of one tensor, valid until {@link #close}. */
  public MemorySegment bytes(String name) {
    var tensor = tensor(name);
    return file.bytes().asSlice(tensor.offset(), tensor.length());
  }

  @Override
  public void close() {
    file.close();
  }
}
