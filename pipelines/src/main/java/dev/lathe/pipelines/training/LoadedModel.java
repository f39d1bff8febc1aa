package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.PeftAdapter;
import dev.lathe.checkpoints.adapters.SavedModules;
import dev.lathe.checkpoints.adapters.WholeModel;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.engine.AdapterFiles;
import dev.lathe.engine.Decoder;
import dev.lathe.engine.device.ComputeDevice;
import dev.lathe.engine.program.FullShape;
import dev.lathe.engine.program.LoraShape;
import dev.lathe.engine.tensors.Precision;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A base with an adapter, or alone, or a whole model that it became, ready to evaluate and to
 * answer.
 *
 * @param whole whether weights are others than the base's, so that no adapter can take the place of
 *     another
 */
public record LoadedModel(Decoder decoder, Precision precision, boolean whole)
    implements AutoCloseable {
  /**
   * @param tuned a PEFT directory, ours or PEFT's own, or a whole model's; null for the base alone
   * @param how its device, threads and precision count
   */
  static LoadedModel open(Base base, @Nullable String tuned, Recipe how) {
    var device = ComputeDevice.open(how.device(), how.threads());
    var precision = how.precisionOn(device);
    boolean whole = isWhole(tuned);
    var peft = tuned == null || whole ? null : read(base, tuned);
    var seen = peft == null ? base : SavedModules.base(base, peft);
    var shape =
        peft == null ? LoraShape.none(base.config()) : AdapterFiles.shape(peft, seen.config());
    try (var weights = weights(base, seen, tuned, peft)) {
      var decoder = Decoder.open(weights, seen.config(), shape, precision, device);
      if (peft != null) {
        decoder.adapter().set(AdapterFiles.flat(peft, shape));
      }
      return new LoadedModel(decoder, precision, whole || peft != null && peft.replaces());
    }
  }

  /**
   * What an adapter saved whole stands in its place, as if it were the base's: nothing is trained.
   */
  private static Weights weights(
      Base base, Base seen, @Nullable String tuned, @Nullable PeftAdapter peft) {
    if (peft != null) {
      return SavedModules.over(base.weights(), seen, peft);
    }
    return tuned == null ? base.weights() : WholeModel.open(base, Path.of(tuned));
  }

  /** Whether a folder holds a whole model; null is the base alone. */
  static boolean isWhole(@Nullable String tuned) {
    return tuned != null && WholeModel.isIn(Path.of(tuned));
  }

  /**
   * Holds what a run begins with against its base, before anything is made for the run.
   *
   * @throws BadInput when it is another base's, does not fit, or is nothing to begin such a run
   *     with
   */
  public static void requireStart(Recipe recipe, Base base) {
    boolean full = recipe.adapter() == Recipe.AdapterKind.FULL;
    if (full) {
      FullShape.of(base.config());
    } else {
      recipe.savedOf(base, base.config());
    }
    if (recipe.initFrom() == null) {
      return;
    }
    if (full) {
      if (!isWhole(recipe.initFrom())) {
        throw new BadInput(
            "adapter=full goes on with a whole model, and there is none",
            recipe.initFrom(),
            "Name the folder of a version that was trained so, or write an adapter's version merged"
                + " with './lathe models export VERSION --format safetensors'.");
      }
      WholeModel.open(base, Path.of(recipe.initFrom())).close();
      return;
    }
    try (var weights = base.weights()) {
      var turned = base.config().block().names().transposed();
      var adapter = read(base, recipe.initFrom());
      adapter.requireFits(weights, turned);
      AdapterFiles.saved(adapter, SavedModules.base(base, adapter).config());
    }
  }

  /** Reads an adapter, refusing one that names another base. */
  public static PeftAdapter read(Base base, String folder) {
    if (isWhole(folder)) {
      throw new BadInput(
          "This is a whole model, no adapter", folder, "Set adapter=full to go on with it.");
    }
    var adapter = PeftAdapter.read(Path.of(folder));
    var hash = adapter.config().baseSha256();
    if (hash != null && !hash.equals(base.weightsSha256())) {
      throw new BadInput(
          "The adapter was trained on another base", folder, "Use it with the base that it names.");
    }
    return adapter;
  }

  @Override
  public void close() {
    decoder.close();
  }
}
