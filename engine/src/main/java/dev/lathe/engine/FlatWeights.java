package dev.lathe.engine;

import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.engine.program.FullShape;
import dev.lathe.engine.program.FullShape.Part;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** A flat vector of all weights, in memory somewhere, as a model's files have them. */
public final class FlatWeights implements Weights {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MemorySegment values;
  private final Map<String, Part> parts = new LinkedHashMap<>();
  private final Map<String, long[]> shapes;

  /**
   * @param values float32 in the machine's order, {@link FullShape#size} of them or more
   */
  public FlatWeights(FullShape shape, MemorySegment values) {
    this.values = values;
    this.shapes = shape.config().tensors();
    var named = new HashMap<String, Part>();
    shape.parts().forEach(p -> named.put(p.name(), p));
    for (var name : shapes.keySet()) {
      parts.put(name, Objects.requireNonNull(named.get(name), name));
    }
  }

  @Override
  public Set<String> names() {
    return parts.keySet();
  }

  @Override
  public long[] shape(String name) {
    part(name);
    return shapes.getOrDefault(name, new long[0]).clone();
  }

  @Override
  public Encoding encoding(String name) {
    return Encoding.F32;
  }

  @Override
  public void rows(String name, long first, int count, float[] to) {
    var part = part(name);
    if (part.turned()) {
      for (int i = 0; i < count * part.rows(); i++) {
        long at = part.at() + (long) (i % part.rows()) * part.columns() + first + i / part.rows();
        to[i] = values.getAtIndex(FLOAT, at);
      }
      requireFinite(name, to, count * part.rows());
      return;
    }
    int length = part.columns() > 1 ? part.columns() : part.rows();
    long from = (part.at() + first * length) * Float.BYTES;
    MemorySegment.copy(values, FLOAT, from, to, 0, count * length);
    for (int i = 0; part.added() != 0 && i < count * length; i++) {
      to[i] -= part.added();
    }
    requireFinite(name, to, count * length);
  }

  private static void requireFinite(String name, float[] row, int length) {
    for (int i = 0; i < length; i++) {
      if (!Float.isFinite(row[i])) {
        throw notFinite(name);
      }
    }
  }

  @Override
  public void read(String name, As type, MemorySegment target) {
    if (!readByRows(name, type, target)) {
      throw notFinite(name);
    }
  }

  private Part part(String name) {
    var part = parts.get(name);
    if (part == null) {
      throw new IllegalArgumentException("the model has no " + name);
    }
    return part;
  }

  private static BadInput notFinite(String name) {
    return new BadInput(
        "a trained weight is not finite", name, "Train again with a lower learningRate.");
  }

  @Override
  public void close() {
    // Whoever made the memory frees it.
  }
}
