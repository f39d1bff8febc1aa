package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.SavedModules;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.Adapter;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.Footprint;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.program.SavedShape;
import dev.lathe.engine.tensors.Precision;
import dev.lathe.pipelines.supervision.RunSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * What a run works with, as its description asks for it: all but the weights, which are read when
 * it is known that they fit.
 *
 * @param device this process's, of all that the run has
 * @param steps optimizer steps of the whole run
 */
record Setup(
    RunSpec spec,
    Recipe recipe,
    Base base,
    Devices devices,
    ComputeDevice device,
    Precision precision,
    Start start,
    Examples train,
    @Nullable Examples validation,
    DataOrder order,
    long steps)
    implements AutoCloseable {

  /**
   * @param home the folder that holds bases/
   * @throws BadInput when the base is another one than asked for, or there is nothing to train on
   */
  static Setup of(RunSpec spec, Path home) {
    return of(spec, home, 0);
  }

  /**
   * The same in the process of another of the run's devices.
   *
   * @param rank which
   */
  static Setup of(RunSpec spec, Path home, int rank) {
    var recipe = Recipe.of(spec.recipe());
    var base = base(home, spec);
    EncoderDecoderRecipe.require(recipe, base.config());
    var devices = Devices.of(recipe).measured(home);
    var device = devices.open(rank);
    var start = Start.of(recipe, base);
    var train = train(spec.dataset(), recipe, base);
    var validation = validation(spec.dataset(), train, recipe, base);
    var order = DataOrder.of(recipe, train);
    return new Setup(
        spec,
        recipe,
        base,
        devices,
        device,
        recipe.precisionOn(device),
        start,
        train,
        validation,
        order,
        Loop.steps(recipe, order));
  }

  /** The same with blocks computed again on the way back, not kept; the bits are the same. */
  Setup withBlocksComputedAgain() {
    var settings = new HashMap<>(recipe.toMap());
    settings.put("gradientCheckpointing", "block");
    return new Setup(
        spec,
        Recipe.of(settings),
        base,
        devices,
        device,
        precision,
        start,
        train,
        validation,
        order,
        steps);
  }

  Footprint footprint() {
    return new Footprint(start.shape().config(), start.shape(), recipe.training(), precision);
  }

  /**
   * The base with the adapter that the run begins with, which stays what preferences are measured
   * against when a resumed run puts on another; the caller closes it.
   */
  Decoder decoder() {
    try (var weights = start.weights(base)) {
      var decoder =
          Decoder.open(
              weights, start.shape().config(), start.shape(), recipe.training(), precision, device);
      if (recipe.training().full()) {
        // Its weights are what it begins with.
      } else if (start.fresh()) {
        decoder.adapter().begin(start.values());
      } else {
        decoder.adapter().set(start.values());
      }
      if (recipe.objective() != Recipe.Objective.SFT) {
        decoder.keepReference();
      }
      return decoder;
    }
  }

  /** How what this decoder learns comes to the disk. */
  Learnt learnt(Decoder decoder) {
    return decoder
        .full()
        .<Learnt>map(full -> new LearntModel(full, base, precision))
        .orElseGet(
            () -> new LearntAdapter(decoder.adapter(), Objects.requireNonNull(start.config())));
  }

  @Override
  public void close() {
    train.close();
    if (validation != null) {
      validation.close();
    }
  }

  /**
   * What a run begins with: an adapter, or all weights.
   *
   * @param shape of the adapter, with the base's config as that sees it
   * @param config of the adapter; null where there is none
   * @param fresh whether a DoRA's magnitudes are yet to be found
   * @param whole a whole model to begin with instead of the base
   * @param saved an adapter with modules that stand in the place of the base's
   */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  record Start(
      LoraShape shape,
      @Nullable AdapterConfig config,
      float[] values,
      boolean fresh,
      @Nullable Path whole,
      @Nullable PeftAdapter saved) {
    static Start of(Recipe recipe, Base base) {
      if (recipe.adapter() == Recipe.AdapterKind.FULL) {
        var whole = recipe.initFrom() == null ? null : Path.of(recipe.initFrom());
        return new Start(LoraShape.none(base.config()), null, new float[0], false, whole, null);
      }
      boolean dora = recipe.adapter() == Recipe.AdapterKind.DORA;
      if (recipe.initFrom() == null) {
        var targets = recipe.targetsOf(base.config());
        var shape =
            new LoraShape(base.config(), recipe.rank(), recipe.scale(), targets, dora)
                .with(recipe.savedOf(base, base.config()));
        var config =
            config(recipe, base, shape, recipe.alpha(), recipe.rsLora(), shape.targetNames());
        return new Start(shape, config, Adapter.initial(shape, recipe.seed()), true, null, null);
      }
      var adapter = LoadedModel.read(base, recipe.initFrom());
      var c = adapter.config();
      if (c.dora() && !dora) {
        throw new BadInput(
            "The adapter to start from is a DoRA", recipe.initFrom(), "Set adapter=dora.");
      }
      var model = SavedModules.base(base, adapter).config();
      var found = AdapterFiles.shape(adapter, model).with(saved(recipe, base, adapter, model));
      var shape = dora ? found.withMagnitudes() : found;
      var config = config(recipe, base, shape, c.alpha(), c.rsLora(), c.targets());
      var values = AdapterFiles.flat(adapter, shape);
      return new Start(shape, config, values, !c.dora(), null, adapter);
    }

    /** The adapter's own where it has some, else what the recipe asks for. */
    private static SavedShape saved(
        Recipe recipe, Base base, PeftAdapter adapter, ModelConfig model) {
      var own = AdapterFiles.saved(adapter, model);
      if (!own.isEmpty() && Devices.of(recipe).count() > 1) {
        throw new BadInput(
            "the adapter to start from has modules trained whole, which learn on one device",
            recipe.device(),
            "Name one.");
      }
      var asked = recipe.savedOf(base, model);
      if (!own.isEmpty() && !asked.isEmpty() && !own.equals(asked)) {
        throw new BadInput(
            "the adapter to start from has something else trained whole than the recipe names",
            ModulesToSave.names(own) + " and " + ModulesToSave.names(asked),
            "Leave modulesToSave and trainTokens out: it brings its own.");
      }
      return own.isEmpty() ? asked : own;
    }

    private static AdapterConfig config(
        Recipe recipe,
        Base base,
        LoraShape shape,
        double alpha,
        boolean rsLora,
        SortedSet<String> targets) {
      var config =
          new AdapterConfig(
              shape.rank(),
              alpha,
              rsLora,
              recipe.adapter() == Recipe.AdapterKind.DORA,
              recipe.dropout(),
              targets,
              base.name(),
              base.weightsSha256());
      return ModulesToSave.told(config, shape.saved());
    }

    Weights weights(Base base) {
      if (saved != null) {
        return SavedModules.over(base.weights(), SavedModules.base(base, saved), saved);
      }
      return whole == null ? base.weights() : WholeModel.open(base, whole);
    }
  }

  private static Base base(Path home, RunSpec spec) {
    var base = new BaseStore(home.resolve("bases")).require(spec.base().name());
    if (!base.weightsSha256().equals(spec.base().weightsSha256())) {
      throw new BadInput(
          "The base is not the one that the run was made for",
          spec.base().name() + " has weights " + base.weightsSha256(),
          "The run needs weights " + spec.base().weightsSha256() + ".");
    }
    return base;
  }

  private static Examples train(RunSpec.DatasetRef dataset, Recipe recipe, Base base) {
    var parts = new ArrayList<Examples.Part>();
    for (var part : dataset.parts()) {
      var rows =
          split(part, "train", recipe, base)
              .orElseThrow(
                  () ->
                      new BadInput(
                          "The dataset has nothing to train on",
                          part.ref(),
                          "Build it from more logs."));
      parts.add(new Examples.Part(part.ref(), rows));
    }
    return new Examples(parts, dataset.weights(), recipe.maxLength(), recipe.objective());
  }

  /** Of those parts that have one, each with its share in training; null where none has. */
  private static @Nullable Examples validation(
      RunSpec.DatasetRef dataset, Examples train, Recipe recipe, Base base) {
    var parts = new ArrayList<Examples.Part>();
    var weights = DoubleStream.builder();
    for (int p = 0; p < dataset.parts().size(); p++) {
      var part = dataset.parts().get(p);
      var rows = split(part, "validation", recipe, base);
      if (rows.isPresent()) {
        parts.add(new Examples.Part(part.ref(), rows.get()));
        weights.add(train.shares()[p]);
      }
    }
    return parts.isEmpty()
        ? null
        : new Examples(parts, weights.build().toArray(), recipe.maxLength(), recipe.objective());
  }

  private static Optional<Rows> split(
      RunSpec.DatasetRef.Part part, String name, Recipe recipe, Base base) {
    var shard = Path.of(part.folder()).resolve("examples").resolve(name + ".shard");
    if (!Examples.exist(shard)) {
      return Optional.empty();
    }
    var rows = new Rows(shard, recipe.maxLength(), base.config().vocabSize(), recipe.objective());
    if (!rows.learnable()) {
      rows.close();
      return Optional.empty();
    }
    return Optional.of(rows);
  }
}
