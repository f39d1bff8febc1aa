package dev.lathe.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Rotary;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.Archive;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.BaseWeights;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.engine.tensors.Program;
import java.util.Arrays;

/**
 * A decoder model with one LoRA adapter: losses, gradients, evaluation and the two steps of
 * generation, each one native call. Not for use by several threads at once.
 */
public final class Decoder implements AutoCloseable {
  /** How gradients are found. Both ways give the same ones; a test holds them to it. */
  public enum Way {
    /** Forward and backward written out, without a tape. */
    FAST,
    /** Autograd: the reference. */
    TAPE
  }

  /** Sums over labelled positions. */
  public record Score(double loss, long right, long labels) {
    public static final Score NONE = new Score(0, 0, 0);

    public Score plus(Score other) {
      return new Score(loss + other.loss, right + other.right, labels + other.labels);
    }

    public double meanLoss() {
      return loss / labels;
    }

    public double accuracy() {
      return (double) right / labels;
    }
  }

  /**
   * What stands at each labelled position, log-probabilities in nats.
   *
   * @param label of the label
   * @param best of the likeliest token
   * @param likeliest that token
   */
  @SuppressWarnings("ArrayRecordComponent") // passed on once, never compared
  public record Scores(double[] label, double[] best, int[] likeliest) {}

  private final ModelConfig config;
  private final Precision precision;
  private final Program program;
  private final BaseWeights weights;
  private final Adapter adapter;

  private Decoder(
      ModelConfig config, Precision precision, Program program, BaseWeights weights, LoraShape l) {
    this.config = config;
    this.precision = precision;
    this.program = program;
    this.weights = weights;
    this.adapter = new Adapter(program, l, precision);
  }

  /** Reads the weights; the caller may close them afterwards. */
  public static Decoder open(
      Weights weights,
      ModelConfig config,
      LoraShape lora,
      Precision precision,
      ComputeDevice device) {
    return open(weights, config, lora, Training.PLAIN, precision, device);
  }

  /**
   * The same on a packed base, or to train with noise: then {@link #seed} comes before every {@link
   * #gradients}.
   */
  public static Decoder open(
      Weights weights,
      ModelConfig config,
      LoraShape lora,
      Training training,
      Precision precision,
      ComputeDevice device) {
    var program =
        Program.load(Archive.of(config, lora, training, Archive.Tiling.DEFAULT), device.djl());
    try {
      var base = BaseWeights.read(program, weights, config, training.packing(), precision);
      return new Decoder(config, precision, program, base, lora);
    } catch (RuntimeException e) {
      program.close();
      throw e;
    }
  }

  public ModelConfig config() {
    return config;
  }

  public Adapter adapter() {
    return adapter;
  }

  /** Decides what dropout and noise will be in the gradients that come next. */
  public static void seed(int seed) {
    Engine.getEngine("PyTorch").setRandomSeed(seed);
  }

  /**
   * Adds {@code weight} times the gradient of the batch's summed loss to the adapter's gradient.
   *
   * @return the loss in nats, summed over the batch's labels
   */
  public double gradients(MicroBatch batch, double weight, Way way) {
    try (NDManager scope = program.scope()) {
      return program
          .call(
              way == Way.FAST ? "fast" : "tape",
              scope,
              weights.arrays(),
              adapter.working(),
              adapter.gradient(),
              longs(scope, batch.ids()),
              longs(scope, batch.lengths()),
              frequencies(scope, batch.lengths()),
              longs(scope, batch.at()),
              longs(scope, batch.labels()),
              scope.create(weight))
          .getFirst()
          .getDouble();
    }
  }

  /** The loss and how many labels were the likeliest token; nothing changes. */
  public Score evaluate(MicroBatch batch) {
    if (batch.labelled() == 0) {
      return Score.NONE;
    }
    try (NDManager scope = program.scope()) {
      var result =
          program.call(
              "evaluate",
              scope,
              weights.arrays(),
              adapter.working(),
              longs(scope, batch.ids()),
              longs(scope, batch.lengths()),
              frequencies(scope, batch.lengths()),
              longs(scope, batch.at()),
              longs(scope, batch.labels()));
      return new Score(result.get(0).getDouble(), result.get(1).getLong(), batch.labelled());
    }
  }

  /** What {@link #evaluate} sums, position by position; a position may be given several labels. */
  public Scores scores(MicroBatch batch) {
    if (batch.labelled() == 0) {
      return new Scores(new double[0], new double[0], new int[0]);
    }
    try (NDManager scope = program.scope()) {
      var result =
          program.call(
              "scores",
              scope,
              weights.arrays(),
              adapter.working(),
              longs(scope, batch.ids()),
              longs(scope, batch.lengths()),
              frequencies(scope, batch.lengths()),
              longs(scope, batch.at()),
              longs(scope, batch.labels()));
      return new Scores(
          result.get(0).toDoubleArray(), result.get(1).toDoubleArray(), integers(result.get(2)));
    }
  }

  /** Logits (at.length, vocabulary) at positions of conversations laid end to end. */
  public double[][] logits(int[] ids, int[] lengths, int[] at) {
    try (NDManager scope = program.scope()) {
      var result =
          program
              .call(
                  "logits",
                  scope,
                  weights.arrays(),
                  adapter.working(),
                  longs(scope, ids),
                  longs(scope, lengths),
                  frequencies(scope, lengths),
                  longs(scope, at))
              .getFirst();
      var rows = new double[at.length][];
      for (int i = 0; i < at.length; i++) {
        var row = result.get(i);
        rows[i] =
            precision == Precision.FP64 ? row.toDoubleArray() : Adapter.widen(row.toFloatArray());
      }
      return rows;
    }
  }

  /** A cache for {@code rows} conversations of up to {@code tokens} tokens each. */
  public Cache cache(int rows, int tokens) {
    try (NDManager scope = program.scope();
        var zeros =
            scope.zeros(
                new Shape(
                    2, config.layers(), rows, config.keyValueHeads(), tokens, config.headDim()))) {
      return new Cache(program.convert(zeros, precision, program.manager()), tokens);
    }
  }

  /** Keys and values of what a batch of conversations has read and written so far. */
  public static final class Cache implements AutoCloseable {
    private final NDArray keysAndValues;
    private final int tokens;

    private Cache(NDArray keysAndValues, int tokens) {
      this.keysAndValues = keysAndValues;
      this.tokens = tokens;
    }

    @Override
    public void close() {
      keysAndValues.close();
    }
  }

  /** Reads the prompts into the cache; returns the likeliest next token of each. */
  public int[] prefill(Cache cache, int[] ids, int[] lengths) {
    try (NDManager scope = program.scope()) {
      return integers(
          program
              .call(
                  "prefill",
                  scope,
                  weights.arrays(),
                  adapter.working(),
                  cache.keysAndValues,
                  longs(scope, ids),
                  longs(scope, lengths),
                  frequencies(scope, new int[] {cache.tokens}))
              .getFirst());
    }
  }

  /** Writes one token a row at its position; returns the likeliest token after each. */
  public int[] next(Cache cache, int[] tokens, int[] positions) {
    try (NDManager scope = program.scope()) {
      return integers(
          program
              .call(
                  "next",
                  scope,
                  weights.arrays(),
                  adapter.working(),
                  cache.keysAndValues,
                  longs(scope, tokens),
                  longs(scope, positions),
                  frequencies(scope, new int[] {cache.tokens}))
              .getFirst());
    }
  }

  /** Native arrays alive now; flat over steps, or something leaks. */
  public int managedArrays() {
    return program.manager().getManagedArrays().size();
  }

  @Override
  public void close() {
    program.close();
  }

  /**
   * What positions are multiplied with, (tables, conversations, width / 2): one conversation stands
   * for all where the length of a text does not matter. In generation that length is the cache's,
   * so that keys of all steps are turned alike.
   */
  private NDArray frequencies(NDManager scope, int[] lengths) {
    var tables = config.rotaries();
    if (tables.isEmpty()) {
      return scope.zeros(new Shape(1, 1, 1));
    }
    int rows = tables.stream().anyMatch(Rotary::dependsOnLength) ? lengths.length : 1;
    int width = tables.getFirst().width() / 2;
    var values = new double[tables.size() * rows * width];
    for (int t = 0; t < tables.size(); t++) {
      for (int r = 0; r < rows; r++) {
        System.arraycopy(
            tables.get(t).frequencies(lengths[r]), 0, values, (t * rows + r) * width, width);
      }
    }
    return scope.create(values, new Shape(tables.size(), rows, width));
  }

  private static NDArray longs(NDManager scope, int[] values) {
    return scope.create(Arrays.stream(values).asLongStream().toArray());
  }

  private static int[] integers(NDArray values) {
    return Arrays.stream(values.toLongArray()).mapToInt(Math::toIntExact).toArray();
  }
}
