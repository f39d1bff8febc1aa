package dev.lathe.engine;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.program.Archive.Tiling;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.util.Arrays;
import java.util.Map;

/**
 * What the fast path holds in memory and how much it computes, read off the program: layer.py says
 * what a layer keeps of a micro-batch, attention.py and head.py what exists besides for a moment.
 * Memory in bytes.
 */
public record Footprint(
    ModelConfig config, LoraShape lora, Training training, Precision precision) {
  /** NF4: four bits, an eighth of one for scales' codes, two float32 and an offset a 256 scales. */
  private static final double NF4_BYTES = 4.127 / 8;

  /**
   * What attention's products cost beside those of whole layers: they are small and come in many.
   */
  private static final double SLOWER = 2.3;

  /** What is done element by element, beside a token's products. */
  private static final double ELEMENTWISE = 0.2;

  /**
   * What lies unusable between tensors that are kept, left by loading and evaluation: nearly as
   * much as is kept, and no more than so much (measured on six recipes, docs/performance.md).
   */
  private static final double GAPS = 0.85;

  private static final long MOST_GAPS = 520L << 20;

  /**
   * What AdamW costs a value when all of a model's are updated: it is memory that is waited for.
   */
  private static final double UPDATE = 1200;

  /** The same where autograd keeps, beside an upper bound of what that is. */
  private static final double GAPS_OF_TAPE = 0.25;

  private static final Tiling TILING = Tiling.DEFAULT;

  /** The base as it lies in memory while an adapter is trained on it; else all of it is trained. */
  public long weights() {
    if (training.full()) {
      return 0;
    }
    double linear = 0;
    for (var p : config.projections()) {
      linear += (double) config.layers() * p.in() * p.out();
    }
    double all = values() - (lora.saved().isWhole() ? lora.saved().size() : 0);
    double each =
        switch (training.packing()) {
          case NONE -> bytes();
          case NF4 -> NF4_BYTES;
          case INT8 -> 1;
        };
    return (long) (linear * each + (all - linear) * bytes()) + withRows();
  }

  /** Matrices of which some rows are trained exist once more, with those rows, in every call. */
  private long withRows() {
    var saved = lora.saved();
    return saved.isWhole()
        ? 0
        : (long) saved.parts().size() * config.vocabSize() * config.hiddenSize() * bytes();
  }

  /** The largest tensor: it is there three times while it is loaded. */
  public long largest() {
    return config.tensors().entrySet().stream()
            .map(Map.Entry::getValue)
            .mapToLong(s -> Arrays.stream(s).reduce(1, (a, b) -> a * b))
            .max()
            .orElse(0)
        * bytes();
  }

  /** How many values are trained. */
  public long learned() {
    return training.full() ? values() : lora.learned();
  }

  /** Parameters, gradient, two moments, and the copy that is computed with where it is another. */
  public long trained() {
    boolean copied = !training.full() || precision != precision.kept();
    long kept = precision == Precision.FP64 ? 8 : 4;
    return learned() * (4L * kept + (copied ? bytes() : 0));
  }

  private long values() {
    return config.tensors().values().stream()
        .mapToLong(s -> Arrays.stream(s).reduce(1, (a, b) -> a * b))
        .sum();
  }

  /**
   * What all layers keep of a micro-batch from its forward to its backward; with checkpointing
   * their inputs, and what one layer keeps when it is computed again.
   *
   * @param lengths tokens of its conversations, before they are rounded up to whole tiles
   */
  public long kept(int[] lengths) {
    var stacks = config.block().encoderDecoder();
    if (stacks != null) {
      return byTape(new StacksFootprint(config, stacks, lora), lengths);
    }
    var block = config.block();
    long h = config.hiddenSize();
    long q = (long) config.heads() * config.headDim();
    long kv = (long) config.keyValueHeads() * config.headDim();
    long f = config.intermediateSize();
    long rows = whole(Arrays.stream(lengths).sum());

    long values = h + q + (block.parallel() ? 0 : h) + (block.gated() ? 2 : 1) * f;
    values += block.headNorms() ? q + kv : 0;
    values += block.sandwich() ? 2 * h : 0;
    values += (long) lora.targets().size() * lora.rank();
    values += lora.dora() ? scaled(q + 2 * kv, h, f) : 0;
    long attention = (q + 2 * kv) * (rows + 8L * TILING.tile());
    long layer = (rows * values + attention + probabilities(lengths)) * bytes();
    long masks = training.noise().dropout() > 0 ? rows * (2 * h + q + f) : 0;
    long all =
        training.checkpointing() == Checkpointing.BLOCK
            ? config.layers() * (rows * h * bytes() + masks) + layer
            : config.layers() * (layer + masks);
    return all + Math.min((long) (GAPS * all), MOST_GAPS);
  }

  private long byTape(StacksFootprint stacks, int[] lengths) {
    boolean drops = training.noise().dropout() > 0;
    long all = 0;
    for (int length : lengths) {
      all += stacks.kept(length) * bytes() + (drops ? stacks.masks(length) : 0);
    }
    return all + Math.min((long) (GAPS_OF_TAPE * all), MOST_GAPS);
  }

  /** What DoRA keeps: outputs before their biases, which the ways in are themselves without one. */
  private long scaled(long queriesKeysValues, long hidden, long inner) {
    var block = config.block();
    long ways = block.biases().inner() ? (block.gated() ? 2 : 1) * inner : 0;
    return queriesKeysValues + 2 * hidden + ways;
  }

  /** How many of attention's probabilities one layer keeps. */
  private long probabilities(int[] lengths) {
    return Math.min(
        all(lengths),
        training
            .checkpointing()
            .probabilities(config, whole(Arrays.stream(lengths).sum()), TILING));
  }

  /** How many of them one layer computes. */
  private long all(int[] lengths) {
    long count = 0;
    for (int length : lengths) {
      long rows = whole(length);
      for (long a = 0; a < rows; a += TILING.queries()) {
        long b = Math.min(rows, a + TILING.queries());
        count += (b - a) * b;
      }
    }
    return count * config.heads();
  }

  /**
   * The most that exists for a moment besides: a slice of logits, or what a layer's backward and
   * the attention of the longest conversation need.
   *
   * @param longest tokens of the longest conversation
   */
  public long passing(int tokens, int longest) {
    long logits =
        (long) TILING.logits()
            * config.vocabSize()
            * (config.block().finalCap() > 0 ? 3L : 1L)
            * bytes();
    var stacks = config.block().encoderDecoder();
    if (stacks != null) {
      return Math.max(logits, new StacksFootprint(config, stacks, lora).passing(longest) * bytes());
    }
    long layer =
        whole(tokens) * (5L * config.intermediateSize() + 8L * config.hiddenSize()) * bytes();
    long attention =
        (long) config.heads() * TILING.queries() * whole(longest) * 6 * bytes()
            + 8L * config.heads() * config.headDim() * whole(longest) * bytes();
    long unpacked =
        training.packing() == Packing.NONE
            ? 0
            : 2L * config.hiddenSize() * config.intermediateSize() * (8 + 2L * bytes());
    if (training.full() || headLearns()) {
      // A product that is then added to the gradient.
      logits += (long) config.vocabSize() * config.hiddenSize() * bytes();
    }
    if (training.full()) {
      // Such a product again, and the pieces of an update.
      layer += 2L * config.hiddenSize() * config.intermediateSize() * bytes();
    }
    return Math.max(logits, layer + attention + unpacked);
  }

  /**
   * How much forward and backward of a micro-batch compute, in FLOP of whole matrix products; what
   * runs slower counts for more.
   */
  public double training(int[] lengths, int labels) {
    int again = training.checkpointing() == Checkpointing.BLOCK ? 2 : 0;
    double computedAgain = 1 - (double) probabilities(lengths) / all(lengths);
    int forward = 2;
    int backward = training.full() ? 4 : 2;
    int learning = headLearns() ? 2 : 0;
    return work(lengths, forward + backward + again, 6 + again + computedAgain)
        + head(labels, forward + backward + learning);
  }

  /** The same of an optimizer step's update. */
  public double update() {
    return UPDATE * (training.full() ? learned() : lora.saved().size());
  }

  /** The same of an evaluation, which is the forward alone. */
  public double evaluation(int[] lengths, int labels) {
    return work(lengths, 2, 2) + head(labels, 2);
  }

  /** Whether the vocabulary head is among what is trained whole beside an adapter. */
  private boolean headLearns() {
    var saved = lora.saved();
    return saved.isWhole() && (saved.head() || saved.embedding() && config.tiedEmbeddings());
  }

  private double work(int[] lengths, int passes, double attention) {
    double layer = 0;
    for (var p : config.projections()) {
      layer += (double) p.in() * p.out() + 1.5 * rankOf(p) * (p.in() + p.out());
    }
    double width = (double) config.heads() * config.headDim();
    double work = 0;
    for (int length : lengths) {
      work += length * layer * passes * (1 + ELEMENTWISE);
      double keys = length / 2.0 + TILING.queries() / 2.0;
      work += SLOWER * attention * 2 * width * length * Math.min(keys, length);
    }
    return work * config.layers();
  }

  private double head(int labels, int passes) {
    return (double) passes * labels * config.vocabSize() * config.hiddenSize();
  }

  private int rankOf(Projection p) {
    return lora.targets().contains(p) ? lora.rank() : 0;
  }

  private static long whole(int tokens) {
    return (tokens + TILING.tile() - 1L) / TILING.tile() * TILING.tile();
  }

  /** Of a value that is computed with. */
  public long bytes() {
    return switch (precision) {
      case BF16, FP16 -> 2;
      case FP32 -> 4;
      case FP64 -> 8;
    };
  }
}
