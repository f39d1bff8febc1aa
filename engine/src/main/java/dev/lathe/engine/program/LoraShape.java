package dev.lathe.engine.program;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Projection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Where every LoRA matrix lies in the one flat vector that holds a whole adapter (Hu et al. 2021).
 *
 * <p>First all A (rank, in), layer by layer and projection by projection, then all B (out, rank),
 * then, in DoRA (Liu et al. 2024), all magnitudes (out). One vector makes the optimizer one call, a
 * checkpoint three arrays, and the A of q, k and v, which read the same input, one matrix.
 *
 * @param rank of every adapted projection
 * @param scale what the product B A is multiplied with: alpha / rank, or alpha / sqrt(rank) for
 *     rsLoRA
 * @param targets some of {@link ModelConfig#projections}, in their order
 * @param dora whether every output has a magnitude
 * @param saved what is trained whole beside the adapter, and lies before it: places here are
 *     counted from where the adapter begins
 */
public record LoraShape(
    ModelConfig config,
    int rank,
    double scale,
    List<Projection> targets,
    boolean dora,
    SavedShape saved) {
  /** One adapted projection: its module path and where A, B and m begin in the vector. */
  public record Module(
      String path, Projection projection, int in, int out, int aAt, int bAt, int mAt) {}

  public LoraShape {
    targets = targets.stream().distinct().sorted(Comparator.comparing(Projection::slot)).toList();
    if (rank < 1 && !targets.isEmpty()) {
      throw new IllegalArgumentException("a rank is at least 1: " + rank);
    }
    if (!Set.copyOf(config.projections()).containsAll(targets)) {
      throw new IllegalArgumentException("the model has not all of " + targets);
    }
  }

  /** Without magnitudes. */
  public LoraShape(ModelConfig config, int rank, double scale, List<Projection> targets) {
    this(config, rank, scale, targets, false);
  }

  /** Nothing else is trained. */
  public LoraShape(
      ModelConfig config, int rank, double scale, List<Projection> targets, boolean dora) {
    this(config, rank, scale, targets, dora, SavedShape.none(config));
  }

  /** An adapter on every projection of a block. */
  public static LoraShape whole(ModelConfig config, int rank, double scale) {
    return new LoraShape(config, rank, scale, config.projections());
  }

  /** No adapter at all: the base alone. */
  public static LoraShape none(ModelConfig config) {
    return new LoraShape(config, 0, 0, List.of());
  }

  /** The same with a magnitude for every output. */
  public LoraShape withMagnitudes() {
    return new LoraShape(config, rank, scale, targets, true, saved);
  }

  /** The same with matrices that are trained whole beside it. */
  public LoraShape with(SavedShape other) {
    return new LoraShape(config, rank, scale, targets, dora, other);
  }

  /** Values of the whole flat vector: what is trained whole, then the adapter. */
  public int learned() {
    return Math.addExact(saved.size(), size());
  }

  /** How many slots a layer has, those that its family leaves empty included. */
  int slots() {
    return config.projections().getLast().slot() + 1;
  }

  /** The model's projection of a slot, or one of no size where the family has none there. */
  Projection at(int slot) {
    return config.projections().stream()
        .filter(p -> p.slot() == slot)
        .findFirst()
        .orElse(new Projection(slot, "", 0, 0));
  }

  int rankOf(Projection p) {
    return targets.contains(p) ? rank : 0;
  }

  /** Elements of the whole adapter. */
  public int size() {
    int size = magnitudes();
    for (var p : targets) {
      int each = Math.multiplyExact(rank, p.in() + p.out());
      size = Math.addExact(size, Math.multiplyExact(each, config.layersWith(p)));
    }
    return size;
  }

  /** How many of them belong to the A. */
  public int sizeOfA() {
    return targets.stream().mapToInt(p -> config.layersWith(p) * rank * p.in()).sum();
  }

  /** How many of them belong to the A and B; the rest are magnitudes. */
  public int sizeOfAB() {
    return size() - magnitudes();
  }

  /** How many magnitudes there are. */
  public int magnitudes() {
    return dora ? targets.stream().mapToInt(p -> config.layersWith(p) * p.out()).sum() : 0;
  }

  /**
   * What PEFT's {@code target_modules} says of it: the last part of a path, or all of it where that
   * part also names a projection that is left alone.
   */
  public SortedSet<String> targetNames() {
    var names = new TreeSet<String>();
    for (var target : targets) {
      boolean whole =
          config.projections().stream()
              .filter(p -> p.module().equals(target.module()))
              .allMatch(targets::contains);
      names.add(whole ? target.module() : target.path());
    }
    return names;
  }

  /** The adapted projections in the order of the vector's A. */
  public List<Module> modules() {
    var offsets = offsets();
    var modules = new ArrayList<Module>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (var p : targetsIn(layer)) {
        int i = layer * slots() + p.slot();
        modules.add(
            new Module(
                config.module(layer, p),
                p,
                p.in(),
                p.out(),
                offsets.a().get(i),
                offsets.b().get(i),
                offsets.m().get(i)));
      }
    }
    return modules;
  }

  private List<Projection> targetsIn(int layer) {
    return targets.stream().filter(p -> config.has(layer, p)).toList();
  }

  /** Offsets of every (layer, slot), adapted or not, as the program indexes them. */
  record Offsets(List<Integer> a, List<Integer> b, List<Integer> m) {}

  Offsets offsets() {
    var a = new ArrayList<Integer>();
    var b = new ArrayList<Integer>();
    var m = new ArrayList<Integer>();
    int nextA = 0;
    int nextB = sizeOfA();
    int nextM = sizeOfAB();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (int slot = 0; slot < slots(); slot++) {
        a.add(nextA);
        b.add(nextB);
        m.add(nextM);
        var p = at(slot);
        int r = config.has(layer, p) ? rankOf(p) : 0;
        nextA += r * p.in();
        nextB += r * p.out();
        nextM += dora && r > 0 ? p.out() : 0;
      }
    }
    return new Offsets(a, b, m);
  }
}
