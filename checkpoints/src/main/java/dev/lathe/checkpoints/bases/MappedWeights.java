package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.SequencedMap;
import java.util.Set;

/** Weights that are decoded out of mapped files whenever they are asked for. */
final class MappedWeights implements Weights {
  private final Path where;
  private final SequencedMap<String, StoredTensor> tensors;
  private final AutoCloseable files;

  MappedWeights(Path where, SequencedMap<String, StoredTensor> tensors, AutoCloseable files) {
    this.where = where;
    this.tensors = Collections.unmodifiableSequencedMap(tensors);
    this.files = files;
  }

  @Override
  public Set<String> names() {
    return tensors.keySet();
  }

  @Override
  public long[] shape(String name) {
    return tensor(name).shape().clone();
  }

  @Override
  public Encoding encoding(String name) {
    return tensor(name).encoding();
  }

  @Override
  public void rows(String name, long first, int count, float[] to) {
    var bad = tensor(name).rows(first, count, to);
    if (bad.isPresent()) {
      throw notFinite(name, As.F32, bad.getAsLong());
    }
  }

  @Override
  public void read(String name, As type, MemorySegment target) {
    var bad = tensor(name).read(type, target);
    if (bad.isPresent()) {
      throw notFinite(name, type, bad.getAsLong());
    }
  }

  private BadInput notFinite(String name, As type, long element) {
    return new BadInput(
        "the weights in " + where + " hold a value that is not finite as " + type,
        name + ", element " + element,
        "The file is damaged or its training diverged: download it again, or another model.");
  }

  private StoredTensor tensor(String name) {
    var tensor = tensors.get(name);
    if (tensor == null) {
      throw new BadInput(
          "the weights in " + where + " have no such tensor",
          name,
          DidYouMean.remedy(name, tensors.keySet()));
    }
    return tensor;
  }

  @Override
  public void close() {
    try {
      files.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError("closing a mapping does no input or output", e);
    }
  }
}
