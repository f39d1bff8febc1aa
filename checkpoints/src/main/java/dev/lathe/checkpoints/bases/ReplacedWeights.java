package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A base's weights, of which some tensors, or rows of them, come from elsewhere. For a base whose
 * embeddings are no longer tied the vocabulary head is one of them, or what the embedding was.
 */
public final class ReplacedWeights implements Weights {
  private final Weights base;
  private final ModelConfig config;
  private final MappedWeights others;
  private final Map<String, RowValues> rows;

  /**
   * @param base closed with this
   * @param config of what comes out: every tensor is among {@code others} or in the base, but for
   *     an untied head, which is the base's embedding where neither has one
   * @param where the others lie, for messages
   * @param rows of tensors that are none of the others
   */
  public ReplacedWeights(
      Weights base,
      ModelConfig config,
      Path where,
      Map<String, StoredValues> others,
      Map<String, RowValues> rows) {
    var stored = new LinkedHashMap<String, StoredTensor>();
    others.forEach(
        (name, v) -> stored.put(name, new StoredTensor(v.encoding(), v.shape(), v.bytes(), 0)));
    this.base = base;
    this.config = config;
    this.rows = Map.copyOf(rows);
    this.others = new MappedWeights(where, stored, () -> {});
  }

  private Weights of(String name) {
    return others.names().contains(name) ? others : base;
  }

  /** What the base calls it. */
  private String known(String name) {
    boolean wasTied = name.equals(TensorNames.head("weight")) && !base.names().contains(name);
    return wasTied && !others.names().contains(name) ? embeddings() : name;
  }

  private String embeddings() {
    return config.block().names().embeddings();
  }

  @Override
  public Set<String> names() {
    return config.tensors().keySet();
  }

  @Override
  public long[] shape(String name) {
    return of(name).shape(known(name));
  }

  /** As the base has it: what stands in a tensor's place is written as that was. */
  @Override
  public Encoding encoding(String name) {
    return base.encoding(base.names().contains(name) ? name : embeddings());
  }

  @Override
  public void rows(String name, long first, int count, float[] to) {
    of(name).rows(known(name), first, count, to);
    var own = rows.get(name);
    if (own != null) {
      own.over(first, count, to);
    }
  }

  @Override
  public void read(String name, As type, MemorySegment target) {
    if (!rows.containsKey(name)) {
      of(name).read(known(name), type, target);
    } else if (!readByRows(name, type, target)) {
      throw new BadInput("a row is too large for " + type, name, "Choose a wider precision.");
    }
  }

  @Override
  public void close() {
    base.close();
  }
}
