package dev.lathe.engine;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Rotary;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.Archive;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.FullShape;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.BaseWeights;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.engine.tensors.Program;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model with one LoRA adapter, or with all its weights to be trained: losses, gradients,
 * evaluation and the two steps of generation, each one native call. Not for use by several threads
 * at once.
 */
public final class Decoder implements AutoCloseable {
  /** How gradients are found. Both ways give the same ones; a test holds them to it. */
  public enum Way {
    /** Forward and backward written out, without a tape; an encoder-decoder goes by the tape. */
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
  public record Scores(double[] label, double[] best, int[] likeliest) {
    /** The labels' log-probabilities of each conversation together. */
    public double[] labelSums(MicroBatch batch) {
      int[] counts = batch.labelledEach();
      var sums = new double[counts.length];
      int next = 0;
      for (int i = 0; i < counts.length; i++) {
        for (int end = next + counts[i]; next < end; next++) {
          sums[i] += label[next];
        }
      }
      return sums;
    }
  }

  /**
   * What was made of a batch of judged answers.
   *
   * @param loss summed and weighted
   * @param logProbabilities of each answer, in nats, with what training makes uncertain
   */
  @SuppressWarnings("ArrayRecordComponent") // passed on once, never compared
  public record Judged(double loss, double[] logProbabilities) {}

  private final ModelConfig config;
  private final Precision precision;
  private final Program program;
  private final NDList weights;
  private final Adapter adapter;
  private final @Nullable FullWeights full;
  private @Nullable Reference reference;
  private double enlarged = 1;

  private Decoder(
      ModelConfig config,
      Precision precision,
      Program program,
      NDList weights,
      LoraShape lora,
      Weights given,
      @Nullable FullWeights full) {
    this.config = config;
    this.precision = precision;
    this.program = program;
    this.weights = weights;
    this.adapter = new Adapter(program, lora, precision, weights, given);
    this.full = full;
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
   * #gradients}. Where all weights are trained, there is no adapter.
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
      if (training.full()) {
        var full = FullWeights.read(program, weights, FullShape.of(config), precision);
        return new Decoder(config, precision, program, full.arrays(), lora, weights, full);
      }
      var base =
          BaseWeights.read(program, weights, config, lora.saved(), training.packing(), precision);
      return new Decoder(config, precision, program, base.arrays(), lora, weights, null);
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

  /** The weights, where all of them are trained. */
  public Optional<FullWeights> full() {
    return Optional.ofNullable(full);
  }

  /** What {@link #gradients} and {@link #preference} are about. */
  public Trained trained() {
    return full == null ? adapter : full;
  }

  /** Decides what dropout and noise will be in the gradients that come next. */
  public static void seed(int seed) {
    Engine.getEngine("PyTorch").setRandomSeed(seed);
  }

  /**
   * Multiplies every gradient that comes with a factor from now on, so that the activations' stay
   * within what fp16 can say (loss scaling: Micikevicius et al. 2018). {@link AdamW#withEnlarged}
   * takes it away again.
   */
  public void enlarge(double factor) {
    enlarged = factor;
  }

  /**
   * Adds {@code weight} times the gradient of the batch's summed loss to that of what is trained.
   *
   * @return the loss in nats, summed over the batch's labels
   */
  public double gradients(MicroBatch batch, double weight, Way way) {
    try (NDManager scope = program.scope()) {
      var method = way == Way.FAST ? "fast" : "tape";
      return learn(method, scope, batch, scope.create(weight * enlarged)).getFirst().getDouble();
    }
  }

  /** The loss and how many labels were the likeliest token; nothing changes. */
  public Score evaluate(MicroBatch batch) {
    if (batch.labelled() == 0) {
      return Score.NONE;
    }
    try (NDManager scope = program.scope()) {
      var result = read("evaluate", scope, weights, List.of(adapter.working()), batch);
      return new Score(result.get(0).getDouble(), result.get(1).getLong(), batch.labelled());
    }
  }

  /** A model as it once was: its weights, and what it wore. */
  private record Reference(NDList weights, NDArray worn) {}

  /**
   * Remembers what is trained as it stands now: what {@link #referenceScores} speaks of. Once only.
   */
  public void keepReference() {
    if (reference != null) {
      throw new IllegalStateException("the reference is what the run began with");
    }
    reference =
        full == null
            ? new Reference(
                weights, program.convert(adapter.working(), precision, program.manager()))
            : new Reference(full.frozen(), adapter.working());
  }

  /** What {@link #scores} would have said when the reference was kept. */
  public Scores referenceScores(MicroBatch batch) {
    var model = Objects.requireNonNull(reference, "keepReference comes first");
    return scores(batch, model.weights(), model.worn());
  }

  /**
   * Adds the gradient of a preference loss to that of what is trained.
   *
   * @param batch answers in their contexts, only the answers labelled
   * @param liked which of them were
   * @param reference the log-probability that each of them had to begin with
   */
  public Judged preference(
      MicroBatch batch, boolean[] liked, double[] reference, PreferenceLoss loss, Way way) {
    try (NDManager scope = program.scope()) {
      var result =
          learn(
              way == Way.FAST ? "preference" : "preference_tape",
              scope,
              batch,
              longs(scope, batch.labelledEach()),
              sides(scope, liked),
              scope.create(reference),
              scope.create(loss.settings(enlarged)));
      return new Judged(result.get(0).getDouble(), result.get(1).toDoubleArray());
    }
  }

  /** The loss alone, of log-probabilities that are known; nothing changes. */
  public double preferenceLoss(
      double[] logProbabilities, boolean[] liked, double[] reference, PreferenceLoss loss) {
    try (NDManager scope = program.scope()) {
      return program
          .call(
              "preference_loss",
              scope,
              scope.create(logProbabilities),
              scope.create(reference),
              sides(scope, liked),
              scope.create(loss.settings(1)))
          .getFirst()
          .getDouble();
    }
  }

  /** What {@link #evaluate} sums, position by position; a position may be given several labels. */
  public Scores scores(MicroBatch batch) {
    return scores(batch, weights, adapter.working());
  }

  private Scores scores(MicroBatch batch, NDList model, NDArray worn) {
    if (batch.labelled() == 0) {
      return new Scores(new double[0], new double[0], new int[0]);
    }
    try (NDManager scope = program.scope()) {
      var result = read("scores", scope, model, List.of(worn), batch);
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
                  weights,
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
                new Shape(2, cached(), rows, config.keyValueHeads(), tokens, config.headDim()))) {
      return new Cache(program.convert(zeros, precision, program.manager()), tokens);
    }
  }

  /** Layers of keys and values: a decoder that listens to an encoder keeps what it hears too. */
  private int cached() {
    var stacks = config.block().encoderDecoder();
    return stacks == null ? config.layers() : 2 * stacks.decoderLayers();
  }

  /** Keys and values of what a batch of conversations has read and written so far. */
  public static final class Cache implements AutoCloseable {
    private final NDArray keysAndValues;
    private final int tokens;
    private int[] prompts = {};

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
    cache.prompts = lengths;
    try (NDManager scope = program.scope()) {
      return integers(
          program
              .call(
                  "prefill",
                  scope,
                  weights,
                  adapter.working(),
                  cache.keysAndValues,
                  longs(scope, ids),
                  longs(scope, lengths),
                  aboutPositions(scope, cache))
              .getFirst());
    }
  }

  /** What turns positions in a decoder; of an encoder-decoder how long the sources are. */
  private NDArray aboutPositions(NDManager scope, Cache cache) {
    return config.isEncoderDecoder()
        ? longs(scope, cache.prompts)
        : frequencies(scope, new int[] {cache.tokens});
  }

  /** Writes one token a row at its position; returns the likeliest token after each. */
  public int[] next(Cache cache, int[] tokens, int[] positions) {
    try (NDManager scope = program.scope()) {
      return integers(
          program
              .call(
                  "next",
                  scope,
                  weights,
                  adapter.working(),
                  cache.keysAndValues,
                  longs(scope, tokens),
                  longs(scope, positions),
                  aboutPositions(scope, cache))
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

  /** A method that adds to the gradient of what is trained. */
  private NDList learn(String method, NDManager scope, MicroBatch batch, NDArray... more) {
    var trained = List.of(adapter.working(), trained().gradient());
    return read(method, scope, weights, trained, batch, more);
  }

  /** A method that reads a batch, which stands between what is worn and what it wants besides. */
  private NDList read(
      String method,
      NDManager scope,
      NDList model,
      List<NDArray> worn,
      MicroBatch batch,
      NDArray... more) {
    var arguments = new ArrayList<>(worn);
    arguments.add(longs(scope, batch.ids()));
    arguments.add(longs(scope, batch.lengths()));
    arguments.add(frequencies(scope, batch.wholeLengths()));
    arguments.add(longs(scope, batch.at()));
    arguments.add(longs(scope, batch.labels()));
    Collections.addAll(arguments, more);
    return program.call(method, scope, model, arguments.toArray(NDArray[]::new));
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

  private static NDArray sides(NDManager scope, boolean[] liked) {
    var sides = new long[liked.length];
    for (int i = 0; i < liked.length; i++) {
      sides[i] = liked[i] ? 1 : 0;
    }
    return scope.create(sides);
  }

  private static int[] integers(NDArray values) {
    return Arrays.stream(values.toLongArray()).mapToInt(Math::toIntExact).toArray();
  }
}
