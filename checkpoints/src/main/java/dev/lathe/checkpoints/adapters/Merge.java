package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.FolderExport;
import dev.lathe.checkpoints.bases.GgufExport;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A base and an adapter as one model: W + scale B A (Hu et al. 2021, LoRA, section 4.1), with rows
 * of the adapter's magnitudes in a DoRA (Liu et al. 2024, eq. 5), computed in float32 and rounded
 * once; and what the adapter saved whole in its place. Written row by row, so that no model has to
 * fit into memory.
 */
public final class Merge {
  private Merge() {}

  /** Told now and then how far it is; what it throws ends the merge and leaves nothing behind. */
  @FunctionalInterface
  public interface Progress {
    /** Weights written so far, and in all. */
    void merged(long done, long total);
  }

  /**
   * The merged weights, computed when they are asked for, for one thread. Closing them closes the
   * base's.
   *
   * @param turned whether the base stores linear layers as (in, out), as GPT-2 does
   * @throws BadInput when the adapter does not fit, holds NaN, or is a DoRA of turned matrices,
   *     whose magnitudes go by columns
   */
  public static Weights of(Weights base, PeftAdapter adapter, boolean turned, Progress progress) {
    if (turned && adapter.config().dora()) {
      throw new BadInput(
          "a DoRA of a base that stores its matrices turned cannot be merged",
          String.valueOf(adapter.config().baseName()),
          "Export it as a PEFT directory: --format peft.");
    }
    adapter.requireFits(base, turned);
    adapter.requireFinite();
    return new MergedWeights(base, adapter, turned, progress);
  }

  /**
   * Writes a Hugging Face directory: merged {@code model.safetensors}, and the base's config,
   * tokenizer and chat template. Appears as a whole, durably; the same model gives the same bytes.
   *
   * @param dtype F32, F16 or BF16; null keeps the base's, F32 where it is quantized
   * @param folder not there yet, or empty
   * @throws BadInput when the adapter is another base's, does not fit or holds NaN; when a merged
   *     weight is too large for {@code dtype}; when the folder is in use or the disk is full
   */
  public static void toFolder(
      Base base, PeftAdapter adapter, @Nullable Encoding dtype, Path folder, Progress progress) {
    try (var merged = open(base, adapter, progress)) {
      var seen = SavedModules.base(base, adapter);
      Durable.newFolder(folder, aside -> FolderExport.write(seen, merged, dtype, aside));
    }
  }

  /**
   * Writes one GGUF file with tokenizer and chat template in it, durably, as a whole; the same
   * model gives the same bytes.
   *
   * @param encoding of the matrices; vectors are F32
   * @throws BadInput as {@link #toFolder}, and when llama.cpp cannot load such a base
   */
  public static void toGguf(
      Base base, PeftAdapter adapter, Encoding encoding, Path file, Progress progress) {
    try (var merged = open(base, adapter, progress)) {
      var seen = SavedModules.base(base, adapter);
      GgufExport.of(seen, merged, encoding, marks(base)).write(file);
    }
  }

  static BadInput notFinite(String name) {
    return new BadInput(
        "a merged weight is not finite", name, "Take an intact copy of base and adapter.");
  }

  static Weights open(Base base, PeftAdapter adapter, Progress progress) {
    var trainedOn = adapter.config().baseSha256();
    if (trainedOn != null && !trainedOn.equals(base.weightsSha256())) {
      throw new BadInput(
          "the adapter was trained on another base than " + base.name(),
          String.valueOf(adapter.config().baseName()),
          "Use it with the base that it names.");
    }
    var seen = SavedModules.base(base, adapter);
    var weights = SavedModules.over(base.weights(), seen, adapter);
    try {
      return of(weights, adapter, base.config().block().names().transposed(), progress);
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  private static SequencedMap<String, String> marks(Base base) {
    var marks = new LinkedHashMap<String, String>();
    marks.put(GgufAdapter.BASE_SHA256, base.weightsSha256());
    return marks;
  }
}
