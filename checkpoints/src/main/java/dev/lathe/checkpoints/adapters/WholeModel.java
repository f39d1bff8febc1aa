package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.FolderExport;
import dev.lathe.checkpoints.bases.ServedBase;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A base of which every weight was trained: a Hugging Face directory whose {@code
 * model.safetensors} tells which base it began as. It stands where an adapter stands otherwise.
 */
public final class WholeModel {
  public static final String WEIGHTS = "model.safetensors";

  private static final String FOLDER = "model";
  private static final String BASE_SHA256 = "lathe.base.sha256";

  private WholeModel() {}

  /** Whether a folder holds one; else it is an adapter's. */
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(WEIGHTS));
  }

  /** Where a run or a version keeps one. */
  public static Path of(Path parent) {
    return parent.resolve(FOLDER);
  }

  /** The whole model that a run or a version keeps, or where its adapter lies if it has none. */
  public static Path orAdapter(Path parent) {
    return Files.isDirectory(of(parent)) ? of(parent) : parent.resolve("adapter");
  }

  /** The weights' file of a whole model's or an adapter's folder. */
  public static Path weightsIn(Path folder) {
    return folder.resolve(isIn(folder) ? WEIGHTS : PeftAdapter.WEIGHTS);
  }

  /**
   * Writes one as a whole, durably, in the place of what may be there.
   *
   * @param began the base that it began as, whose config, tokenizer and template go along
   * @param dtype BF16 or F32
   * @throws BadInput when a weight is not finite, or the disk is full
   */
  public static void write(Base began, Weights weights, Encoding dtype, Path folder) {
    var marks = Map.of(BASE_SHA256, began.weightsSha256());
    Durable.replaceFolder(folder, aside -> FolderExport.write(began, weights, dtype, marks, aside));
  }

  /**
   * One as a base of its own.
   *
   * @param began the base that it began as
   * @throws BadInput when it began as another one
   */
  public static Base asBase(Base began, Path folder) {
    require(began, folder);
    return new Base(
        began.name(),
        folder,
        began.config(),
        Sha256.of(folder.resolve(WEIGHTS)),
        folder.toString());
  }

  /**
   * Its weights; the caller closes them.
   *
   * @param began the base that it began as
   * @throws BadInput when it began as another one, or its tensors are not that one's
   */
  public static Weights open(Base began, Path folder) {
    require(began, folder);
    return new Base(began.name(), folder, began.config(), "", folder.toString()).weights();
  }

  /**
   * The weights that a version is: a whole model's own, or a base's with the adapter in them.
   *
   * @throws BadInput when it began as another base, or does not fit
   */
  public static Weights merged(Base began, Path folder) {
    return isIn(folder)
        ? open(began, folder)
        : Merge.open(began, PeftAdapter.read(folder), (done, total) -> {});
  }

  /**
   * Whether llama.cpp, whose adapters are LoRAs, can load only a merged file of what a folder
   * holds: a whole model, a DoRA, or an adapter with modules that were saved whole.
   */
  public static boolean isServedMerged(Path folder) {
    return isIn(folder) || PeftAdapter.isMoreThanLora(folder);
  }

  /** The same with the base whose config is that of the weights, as an engine's file is made of. */
  public static ServedBase.Made made(Base began, Path folder) {
    var base = isIn(folder) ? began : SavedModules.base(began, PeftAdapter.read(folder));
    return new ServedBase.Made(base, merged(began, folder));
  }

  private static void require(Base began, Path folder) {
    try (var file = SafetensorsFile.open(folder.resolve(WEIGHTS))) {
      var sha256 = file.metadata().get(BASE_SHA256);
      if (sha256 != null && !sha256.equals(began.weightsSha256())) {
        throw new BadInput(
            "The model was made of another base than " + began.name(),
            folder.toString(),
            "Use it with the base that it began as.");
      }
    }
  }
}
