package dev.lathe.checkpoints.files;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SequencedMap;
import java.util.function.Function;

/**
 * A file of named tensors, mapped into memory. Its header has been checked as a whole when it is
 * open: no tensor lies outside the file.
 */
public abstract class TensorFile<T extends TensorFile.Placed> implements AutoCloseable {
  private final MappedFile file;
  private final SequencedMap<String, T> tensors;

  /** Where a tensor's bytes lie, counted from the start of the file. */
  public interface Placed {
    long offset();

    long length();
  }

  protected TensorFile(MappedFile file, SequencedMap<String, T> tensors) {
    this.file = file;
    this.tensors = Collections.unmodifiableSequencedMap(tensors);
  }

  /** Maps a file for {@code reader}, and unmaps it when that refuses what is in it. */
  protected static <F> F open(Path path, Function<MappedFile, F> reader) {
    var file = MappedFile.open(path);
    try {
      return reader.apply(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  public final Path path() {
    return file.path();
  }

  /** In the order in which they lie in the file. */
  public final SequencedMap<String, T> tensors() {
    return tensors;
  }

  /**
   * @throws BadInput when the file holds no such tensor
   */
  public final T tensor(String name) {
    var tensor = tensors.get(name);
    if (tensor == null) {
      throw new BadInput(
          "the file " + path() + " has no such tensor",
          name,
          DidYouMean.remedy(name, tensors.keySet()));
    }
    return tensor;
  }

  /** The bytes of one tensor as they are encoded, valid until {@link #close}. */
  public final MemorySegment bytes(String name) {
    var tensor = tensor(name);
    return file.bytes().asSlice(tensor.offset(), tensor.length());
  }

  @Override
  public final void close() {
    file.close();
  }
}
