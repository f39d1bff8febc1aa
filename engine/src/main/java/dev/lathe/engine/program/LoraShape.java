package dev.lathe.engine.program;

import dev.lathe.checkpoints.bases.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Where every LoRA matrix lies in the one flat vector that holds a whole adapter (Hu et al. 2021).
 *
 * <p>First all A (rank, in), layer by layer and projection by projection, then all B (out, rank).
 * One vector makes the optimizer one call, a checkpoint three arrays, and the A of q, k and v,
 * which read the same input, one matrix.
 *
 * @param rank of every adapted projection
 * @param scale what the product B A is multiplied with: alpha / rank, or alpha / sqrt(rank) for
 *     rsLoRA
 */
public record LoraShape(ModelConfig config, int rank, double scale, Set<Projection> targets) {
  /** The seven linear layers of a decoder block, in the order in which they lie in the vector. */
  public enum Projection {
    Q("self_attn.q_proj"),
    K("self_attn.k_proj"),
    V("self_attn.v_proj"),
    O("self_attn.o_proj"),
    GATE("mlp.gate_proj"),
    UP("mlp.up_proj"),
    DOWN("mlp.down_proj");

    private final String path;

    Projection(String path) {
      this.path = path;
    }

    /** The module's path within its layer, as Hugging Face names it. */
    public String path() {
      return path;
    }

    /** The last part of the path, as recipes and PEFT's {@code target_modules} name it. */
    public String module() {
      return path.substring(path.indexOf('.') + 1);
    }

    public int in(ModelConfig c) {
      return switch (this) {
        case Q, K, V, GATE, UP -> c.hiddenSize();
        case O -> c.heads() * c.headDim();
        case DOWN -> c.intermediateSize();
      };
    }

    public int out(ModelConfig c) {
      return switch (this) {
        case Q -> c.heads() * c.headDim();
        case K, V -> c.keyValueHeads() * c.headDim();
        case O, DOWN -> c.hiddenSize();
        case GATE, UP -> c.intermediateSize();
      };
    }
  }

  /** One adapted projection: its module path and where A and B begin in the vector. */
  public record Module(String path, Projection projection, int in, int out, int aAt, int bAt) {}

  public LoraShape {
    targets = Set.copyOf(targets);
    if (rank < 1 && !targets.isEmpty()) {
      throw new IllegalArgumentException("a rank is at least 1: " + rank);
    }
  }

  /** No adapter at all: the base alone. */
  public static LoraShape none(ModelConfig config) {
    return new LoraShape(config, 0, 0, Set.of());
  }

  int rankOf(Projection p) {
    return targets.contains(p) ? rank : 0;
  }

  /** Elements of the whole adapter. */
  public int size() {
    int layer = 0;
    for (var p : targets) {
      layer = Math.addExact(layer, Math.multiplyExact(rank, p.in(config) + p.out(config)));
    }
    return Math.multiplyExact(layer, config.layers());
  }

  /** How many of them belong to the A; the rest are the B. */
  public int sizeOfA() {
    return config.layers() * targets.stream().mapToInt(p -> rank * p.in(config)).sum();
  }

  /** The adapted projections in the order of the vector's A. */
  public List<Module> modules() {
    var offsets = offsets();
    var modules = new ArrayList<Module>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (var p : Projection.values()) {
        if (targets.contains(p)) {
          int i = layer * Projection.values().length + p.ordinal();
          modules.add(
              new Module(
                  "model.layers." + layer + "." + p.path(),
                  p,
                  p.in(config),
                  p.out(config),
                  offsets.a().get(i),
                  offsets.b().get(i)));
        }
      }
    }
    return modules;
  }

  /** Offsets of every (layer, projection), adapted or not, as the program indexes them. */
  record Offsets(List<Integer> a, List<Integer> b) {}

  Offsets offsets() {
    var a = new ArrayList<Integer>();
    var b = new ArrayList<Integer>();
    int nextA = 0;
    int nextB = sizeOfA();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (var p : Projection.values()) {
        a.add(nextA);
        b.add(nextB);
        nextA += rankOf(p) * p.in(config);
        nextB += rankOf(p) * p.out(config);
      }
    }
    return new Offsets(a, b);
  }
}
