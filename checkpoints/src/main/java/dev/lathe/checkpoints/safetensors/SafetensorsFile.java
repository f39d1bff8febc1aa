package dev.lathe.checkpoints.safetensors;

import dev.lathe.checkpoints.files.MappedFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A safetensors file mapped into memory. When {@link #open} returns, the header has been checked as
 * a whole: the tensors cover the file, no more and no less.
 */
public final class SafetensorsFile implements AutoCloseable {
  private final MappedFile file;
  private final Map<String, String> metadata;
  private final SequencedMap<String, TensorInfo> tensors;

  private SafetensorsFile(MappedFile file, SafetensorsHeader header) {
    this.file = file;
    this.metadata = Collections.unmodifiableMap(header.metadata());
    this.tensors = Collections.unmodifiableSequencedMap(header.tensors());
  }

  /**
   * @throws BadInput when the file is missing or damaged
   */
  public static SafetensorsFile open(Path path) {
    var file = MappedFile.open(path);
    try {
      return new SafetensorsFile(file, SafetensorsHeader.read(path, file.bytes()));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  public Path path() {
    return file.path();
  }

  public Map<String, String> metadata() {
    return metadata;
  }

  /** In the order in which they lie in the file. */
  public SequencedMap<String, TensorInfo> tensors() {
    return tensors;
  }

  /**
   * @throws BadInput when the file holds no such tensor
   */
  public TensorInfo tensor(String name) {
    var tensor = tensors.get(name);
    if (tensor == null) {
      throw new BadInput(
          "the file " + path() + " has no such tensor",
          name,
          DidYouMean.remedy(name, tensors.keySet()));
    }
    return tensor;
  }

  /** The bytes of one tensor, little endian and row-major, valid until {@link #close}. */
  public MemorySegment bytes(String name) {
    var tensor = tensor(name);
    return file.bytes().asSlice(tensor.offset(), tensor.length());
  }

  @Override
  public void close() {
    file.close();
  }
}
