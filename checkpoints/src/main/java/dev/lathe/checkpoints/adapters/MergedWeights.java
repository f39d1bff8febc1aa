package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.quantized.Encoding;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A base's weights with an adapter's scale B A added, rows brought to their magnitudes in a DoRA,
 * row by row as they are asked for, by one thread.
 */
final class MergedWeights implements Weights {
  /** Elements between two words of progress. */
  private static final long EVERY = 1 << 23;

  private final Weights base;
  private final float scale;
  private final Map<String, LoraPair> pairs = new HashMap<>();
  private final Merge.Progress progress;
  private final long total;
  private long read;
  private long told;

  MergedWeights(Weights base, PeftAdapter adapter, boolean turned, Merge.Progress progress) {
    this.base = base;
    this.progress = progress;
    this.total = base.names().stream().mapToLong(name -> count(base.shape(name))).sum();
    this.scale = (float) adapter.config().scale();
    adapter
        .modules()
        .forEach((name, pair) -> pairs.put(name + ".weight", turned ? pair.transposed() : pair));
  }

  @Override
  public Set<String> names() {
    return base.names();
  }

  @Override
  public long[] shape(String name) {
    return base.shape(name);
  }

  @Override
  public Encoding encoding(String name) {
    return base.encoding(name);
  }

  @Override
  public void rows(String name, long first, int count, float[] to) {
    base.rows(name, first, count, to);
    @Nullable LoraPair pair = pairs.get(name);
    if (pair != null) {
      var delta = new float[pair.a().columns()];
      for (int i = 0; i < count; i++) {
        add(pair, (int) first + i, delta, to, i * delta.length);
        if (pair.magnitude() != null) {
          stretch(to, i * delta.length, delta.length, pair.magnitude().values()[(int) first + i]);
        }
      }
    }
    long[] shape = base.shape(name);
    tell(count * shape[shape.length - 1]);
  }

  private void tell(long elements) {
    read += elements;
    if (read - told >= EVERY || read == total) {
      told = read;
      progress.merged(read, total);
    }
  }

  private static long count(long[] shape) {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  /** One row of B A is summed in float32, then scaled and added once, as PEFT merges. */
  private void add(LoraPair pair, int row, float[] delta, float[] to, int at) {
    float[] a = pair.a().values();
    float[] b = pair.b().values();
    Arrays.fill(delta, 0);
    for (int r = 0; r < pair.rank(); r++) {
      axpy(b[row * pair.rank() + r], a, r * delta.length, delta);
    }
    for (int j = 0; j < delta.length; j++) {
      to[at + j] += scale * delta[j];
    }
  }

  /** Gives a row its length; one of zeros has no direction and stays. */
  private static void stretch(float[] to, int at, int columns, float length) {
    double squares = 0;
    for (int j = at; j < at + columns; j++) {
      squares += (double) to[j] * to[j];
    }
    double factor = squares == 0 ? 1 : length / Math.sqrt(squares);
    for (int j = at; j < at + columns; j++) {
      to[j] = (float) (to[j] * factor);
    }
  }

  /** A loop of its own, so that the compiler makes vector instructions of it. */
  private static void axpy(float factor, float[] a, int at, float[] sum) {
    for (int j = 0; j < sum.length; j++) {
      sum[j] += factor * a[at + j];
    }
  }

  @Override
  public void read(String name, As type, MemorySegment target) {
    if (!readByRows(name, type, target)) {
      throw Merge.notFinite(name);
    }
  }

  @Override
  public void close() {
    base.close();
  }
}
