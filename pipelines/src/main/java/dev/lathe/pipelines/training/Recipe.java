package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Projection;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.checkpoints.input.Settings;
import dev.lathe.engine.Decoder.Way;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.Archive.Checkpointing;
import dev.lathe.engine.program.Archive.Noise;
import dev.lathe.engine.program.Archive.Packing;
import dev.lathe.engine.program.Archive.Training;
import dev.lathe.engine.program.SavedShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.pipelines.supervision.RunProcess;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that decides how a run trains. Two runs with equal recipes, datasets and bases on
 * equal machines give equal adapters.
 *
 * @param baseFormat how the base's matrices are held while the adapter is trained (packed: QLoRA)
 * @param steps optimizer steps; 0 to go by {@code epochs}
 * @param epochs passes over the training split, fractions allowed
 * @param warmup steps with a rising learning rate; below 1 a share of all steps
 * @param clip largest norm of the gradient, 0 for no clipping
 * @param dropout share of an adapter's input that is zeroed in training (PEFT's lora_dropout)
 * @param loraPlusRatio how many times faster B learns than A (LoRA+, Hayou et al. 2024)
 * @param neftune alpha of the noise on training's embeddings (Jain et al. 2023), 0 for none
 * @param gradientCheckpointing what is computed again on the way back instead of kept; changes no
 *     bit of the gradients
 * @param gradients written out, or by autograd, the reference that keeps everything
 * @param evalTokens tokens of the validation split that are evaluated, from its beginning; 0 for
 *     all
 * @param earlyStopping evaluations in a row without a lower loss that end the run; 0 for any number
 * @param result which adapter the run ends with
 * @param targets projections that get an adapter, by PEFT's names; {@code all} alone for every one
 * @param modulesToSave the embedding and the head, by PEFT's names, where they are trained whole
 *     beside the adapter
 * @param trainTokens tokens whose rows of both are trained, not the matrices
 * @param initFrom a PEFT directory to start from, instead of a fresh adapter; a whole model's where
 *     all weights are trained
 * @param batchTokens tokens of a micro-step: whole conversations laid end to end, without padding
 * @param accumulate micro-steps to one optimizer step, normalised by their label tokens together
 * @param maxLength tokens of a conversation that are used, from its beginning; 0 for all
 * @param tf32 whether fp32 products on CUDA are of numbers rounded to 19 bits
 * @param device one, or several that share every step (see {@link Devices})
 * @param threads 0 for one a core
 * @param evalEvery steps between two evaluations besides those before and after; 0 for none
 * @param checkpointEvery steps between two checkpoints besides the last; 0 for none
 * @param keep checkpoints kept
 * @param explosion nats by which the mean loss may rise above its lowest before the run ends; 0 for
 *     any number
 * @param restarts times in a row that a run which died is started again without a new checkpoint
 * @param samplePrompts what the adapter is asked while it is trained
 * @param sampleEvery steps between two such times besides those before and after; 0 for none
 * @param sampleTokens of one answer, at most
 * @param tensorboard whether the figures are written for TensorBoard too, wandb for W&amp;B
 * @param shuffle whether every epoch has an order of its own; else the dataset's order
 */
public record Recipe(
    Objective objective,
    Preference preference,
    AdapterKind adapter,
    BaseFormat baseFormat,
    int steps,
    double epochs,
    double learningRate,
    Schedule.Shape schedule,
    double warmup,
    double weightDecay,
    double clip,
    int rank,
    double alpha,
    boolean rsLora,
    double dropout,
    double loraPlusRatio,
    double neftune,
    Checkpointing gradientCheckpointing,
    Way gradients,
    List<String> targets,
    List<String> modulesToSave,
    TrainTokens trainTokens,
    @Nullable String initFrom,
    int batchTokens,
    int accumulate,
    int maxLength,
    NumberFormat precision,
    boolean tf32,
    String device,
    int threads,
    int seed,
    int evalEvery,
    int evalTokens,
    int earlyStopping,
    Kept result,
    int checkpointEvery,
    int keep,
    boolean shuffle,
    double explosion,
    int restarts,
    List<String> samplePrompts,
    int sampleEvery,
    int sampleTokens,
    boolean tensorboard,
    boolean wandb) {

  private static final String ALL = "all";

  /** What is learnt from. */
  public enum Objective {
    /** Labelled tokens: supervised fine-tuning. */
    SFT,
    /** Pairs of answers, one of them preferred: direct preference optimization. */
    DPO,
    /** Answers that were liked or disliked: Kahneman-Tversky optimization. */
    KTO
  }

  /**
   * What is trained: W + scale B A, that with a magnitude for every row of its own, or all of W.
   */
  public enum AdapterKind {
    LORA,
    DORA,
    FULL
  }

  /** What speaks of an adapter's matrices: a whole model has none. */
  private static final List<String> OF_ADAPTERS =
      List.of(
          "rank",
          "alpha",
          "rsLora",
          "dropout",
          "loraPlusRatio",
          "targets",
          "modulesToSave",
          "trainTokens");

  /**
   * The adapter of the last step or of the lowest validation loss; auto is best with early
   * stopping.
   */
  public enum Kept {
    AUTO,
    LAST,
    BEST
  }

  /**
   * How the base's matrices lie in memory: as what is computed in (auto), said outright, or packed.
   */
  public enum BaseFormat {
    AUTO,
    BF16,
    FP16,
    FP32,
    NF4,
    INT8
  }

  /** Tokens that learn rows of their own: none, or those that {@code bases extend} added. */
  public enum TrainTokens {
    NONE,
    ADDED
  }

  /** What weights and activations are computed in; auto is bf16 where the device has it. */
  public enum NumberFormat {
    AUTO,
    BF16,
    FP16,
    FP32
  }

  /** The defaults: LoRA of rank 8 on all seven projections, one epoch. */
  public static Recipe defaults() {
    return of(Map.of());
  }

  /**
   * Reads a recipe out of YAML's or JSON's values, or {@code --set}'s words.
   *
   * @throws dev.lathe.checkpoints.input.BadInput naming every problem at once
   */
  public static Recipe of(Map<String, ?> values) {
    var s = new Settings("recipe", values);
    int most = Integer.MAX_VALUE;
    int rank = s.integer("rank", 8, 1, 4096);
    var objective = s.choice("objective", Objective.SFT);
    var adapter = s.choice("adapter", AdapterKind.LORA);
    boolean full = adapter == AdapterKind.FULL;
    OF_ADAPTERS.stream()
        .filter(key -> full && s.has(key))
        .forEach(key -> s.problem(key + ": adapter=full has no adapter. Leave it out"));
    var recipe =
        new Recipe(
            objective,
            Preference.of(s, objective),
            adapter,
            s.choice("baseFormat", BaseFormat.AUTO),
            s.integer("steps", 0, 0, most),
            s.number("epochs", 1, 0.001, 10_000),
            s.number("learningRate", full ? 2e-5 : 2e-4, 0, 10),
            s.choice("schedule", Schedule.Shape.COSINE),
            s.number("warmup", 0.03, 0, most),
            s.number("weightDecay", 0, 0, 10),
            s.number("clip", 1, 0, 1e9),
            rank,
            s.number("alpha", 2.0 * rank, 1e-6, 1e6),
            s.flag("rsLora", false),
            s.number("dropout", 0, 0, 0.95),
            s.number("loraPlusRatio", 1, 0.01, 1000),
            s.number("neftune", 0, 0, 1000),
            s.choice("gradientCheckpointing", Checkpointing.AUTO),
            s.choice("gradients", Way.FAST),
            targets(s),
            s.words("modulesToSave", List.of()),
            s.choice("trainTokens", TrainTokens.NONE),
            s.text("initFrom", null),
            s.integer("batchTokens", 1024, 1, 1 << 20),
            s.integer("accumulate", 1, 1, 1 << 16),
            s.integer("maxLength", 0, 0, 1 << 20),
            s.choice("precision", NumberFormat.AUTO),
            s.flag(RunProcess.TF32, false),
            String.valueOf(s.text("device", "auto")),
            s.integer("threads", 0, 0, 4096),
            s.integer("seed", 7, 0, most),
            s.integer("evalEvery", 100, 0, most),
            s.integer("evalTokens", 16_384, 0, most),
            s.integer("earlyStopping", 0, 0, most),
            s.choice("result", Kept.AUTO),
            s.integer("checkpointEvery", 100, 0, most),
            s.integer("keep", 3, 1, 10_000),
            s.flag("shuffle", true),
            s.number("explosion", 3, 0, 1000),
            s.integer("restarts", 3, 0, 1000),
            s.lines("samplePrompts"),
            s.integer("sampleEvery", 100, 0, most),
            s.integer("sampleTokens", 64, 1, 1 << 16),
            s.flag("tensorboard", false),
            s.flag("wandb", false));
    Contradictions.in(recipe).forEach(s::problem);
    s.done();
    return recipe;
  }

  private static List<String> targets(Settings s) {
    var words = s.words("targets", List.of(ALL));
    return words.equals(List.of("all-linear")) ? List.of(ALL) : List.copyOf(words);
  }

  /**
   * The base's projections that get an adapter.
   *
   * @throws BadInput when the base has no such projection
   */
  public List<Projection> targetsOf(ModelConfig base) {
    if (targets.equals(List.of(ALL))) {
      return base.projections();
    }
    var chosen = new ArrayList<Projection>();
    var problems = new ArrayList<String>();
    for (var word : targets) {
      var meant =
          base.projections().stream()
              .filter(p -> p.isMeantBy(word) || p.isMeantBy(word + "_proj"))
              .toList();
      if (meant.isEmpty()) {
        var known =
            new ArrayList<>(
                base.projections().stream().map(Projection::module).distinct().toList());
        known.add(ALL);
        problems.add(
            "targets: '%s' is no projection. %s".formatted(word, DidYouMean.remedy(word, known)));
      }
      chosen.addAll(meant);
    }
    if (!problems.isEmpty()) {
      throw BadInput.all("the recipe does not fit the base", problems, "Mend it.");
    }
    return chosen.stream().distinct().toList();
  }

  /**
   * What of the base's embedding and head is trained beside the adapter.
   *
   * @param model the base's config, or the same untied
   * @throws BadInput when the base has no such modules, or no added tokens
   */
  public SavedShape savedOf(Base base, ModelConfig model) {
    return switch (trainTokens) {
      case NONE -> ModulesToSave.of(modulesToSave, model);
      case ADDED -> ModulesToSave.added(base, model);
    };
  }

  /** What the product B A is multiplied with (Hu et al. 2021; Kalajdzievski 2023 for rsLoRA). */
  public double scale() {
    return alpha / (rsLora ? Math.sqrt(rank) : rank);
  }

  /** What training makes uncertain on purpose. */
  Noise noise() {
    return new Noise(dropout, neftune);
  }

  /** Whether the run ends with the adapter of its lowest validation loss. */
  boolean takesBest() {
    return result == Kept.BEST || result == Kept.AUTO && earlyStopping > 0;
  }

  /** How the engine packs the base's matrices. */
  Packing packing() {
    return switch (baseFormat) {
      case AUTO, BF16, FP16, FP32 -> Packing.NONE;
      case NF4 -> Packing.NF4;
      case INT8 -> Packing.INT8;
    };
  }

  /** What the engine has to know of all this. */
  Training training() {
    boolean full = adapter == AdapterKind.FULL;
    return new Training(noise(), packing(), gradientCheckpointing, full);
  }

  /**
   * The precision to compute in on a device; one left open follows an unpacked baseFormat.
   *
   * @throws BadInput for fp16 on a processor, whose products take minutes where bf16's take seconds
   */
  Precision precisionOn(ComputeDevice on) {
    boolean half = precision == NumberFormat.FP16 || baseFormat == BaseFormat.FP16;
    if (half && on.isCpu()) {
      throw new BadInput(
          "fp16 is for GPUs: a processor computes it hundreds of times slower than fp32",
          "precision=fp16 on " + on.name(),
          "Take precision=bf16 or fp32.");
    }
    return switch (precision) {
      case AUTO ->
          switch (baseFormat) {
            case BF16 -> Precision.BF16;
            case FP16 -> Precision.FP16;
            case FP32 -> Precision.FP32;
            case AUTO, NF4, INT8 -> on.fastestPrecision();
          };
      case BF16 -> Precision.BF16;
      case FP16 -> Precision.FP16;
      case FP32 -> Precision.FP32;
    };
  }

  /** Every key with its value, as YAML and JSON have it; {@link #of} reads it back. */
  public Map<String, Object> toMap() {
    var m = new LinkedHashMap<String, Object>();
    m.put("objective", word(objective));
    preference.into(m);
    m.put("adapter", word(adapter));
    m.put("baseFormat", word(baseFormat));
    m.put("steps", steps);
    m.put("epochs", epochs);
    m.put("learningRate", learningRate);
    m.put("schedule", word(schedule));
    m.put("warmup", warmup);
    m.put("weightDecay", weightDecay);
    m.put("clip", clip);
    m.put("rank", rank);
    m.put("alpha", alpha);
    m.put("rsLora", rsLora);
    m.put("dropout", dropout);
    m.put("loraPlusRatio", loraPlusRatio);
    m.put("neftune", neftune);
    m.put("gradientCheckpointing", word(gradientCheckpointing));
    m.put("gradients", word(gradients));
    m.put("targets", targets);
    m.put("modulesToSave", modulesToSave);
    m.put("trainTokens", word(trainTokens));
    if (initFrom != null) {
      m.put("initFrom", initFrom);
    }
    m.put("batchTokens", batchTokens);
    m.put("accumulate", accumulate);
    m.put("maxLength", maxLength);
    m.put("precision", word(precision));
    m.put(RunProcess.TF32, tf32);
    m.put("device", device);
    m.put("threads", threads);
    m.put("seed", seed);
    m.put("evalEvery", evalEvery);
    m.put("evalTokens", evalTokens);
    m.put("earlyStopping", earlyStopping);
    m.put("result", word(result));
    m.put("checkpointEvery", checkpointEvery);
    m.put("keep", keep);
    m.put("shuffle", shuffle);
    m.put("explosion", explosion);
    m.put("restarts", restarts);
    m.put("samplePrompts", samplePrompts);
    m.put("sampleEvery", sampleEvery);
    m.put("sampleTokens", sampleTokens);
    m.put("tensorboard", tensorboard);
    m.put("wandb", wandb);
    if (adapter == AdapterKind.FULL) {
      m.keySet().removeAll(OF_ADAPTERS);
    }
    return m;
  }

  static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
