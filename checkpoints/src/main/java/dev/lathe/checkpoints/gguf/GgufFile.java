package dev.lathe.checkpoints.gguf;

import dev.lathe.checkpoints.files.MappedFile;
import dev.lathe.checkpoints.files.TensorFile;
import dev.lathe.checkpoints.input.BadInput;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file, version 2 or 3, mapped into memory. Everything in its header has been checked when
 * {@link #open} returns: no tensor lies outside the file or over another, and every encoding is one
 * that {@link dev.lathe.checkpoints.quantized.Encoding} decodes.
 */
public final class GgufFile extends TensorFile<GgufTensor> {
  private final Map<String, Object> metadata;
  private final Map<String, MemorySegment> encoded;

  private GgufFile(MappedFile file, GgufHeader header) {
    super(file, header.tensors());
    this.metadata = Collections.unmodifiableMap(header.metadata());
    this.encoded = header.encoded();
  }

  /**
   * @throws BadInput when the file is missing, damaged, of another format or version, or holds a
   *     quantization that cannot be decoded here
   */
  public static GgufFile open(Path path) {
    return open(path, file -> new GgufFile(file, GgufHeader.read(path, file.bytes())));
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
}
