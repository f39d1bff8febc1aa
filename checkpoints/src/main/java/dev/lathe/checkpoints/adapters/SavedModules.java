package dev.lathe.checkpoints.adapters;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.bases.ReplacedWeights;
import dev.lathe.checkpoints.bases.TensorNames;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Objects;

/**
 * What an adapter saved whole (PEFT's {@code modules_to_save}), or of single tokens (its {@code
 * trainable_token_indices}), in the place of a base's own.
 *
 * <p>On tied embeddings PEFT copies each module that it is told to save, so that an embedding and
 * the head part; only with {@code ensure_weight_tying} do they stay one. The base that such an
 * adapter sees is one whose head is its own.
 */
public final class SavedModules {
  private SavedModules() {}

  /**
   * The base as the adapter sees it: itself, or with its embeddings untied.
   *
   * @throws BadInput when a saved tensor is none of the base's, or of another shape
   */
  public static Base base(Base base, PeftAdapter adapter) {
    var config = config(base.config(), adapter);
    requireFits(config, adapter);
    return config.equals(base.config())
        ? base
        : new Base(base.name(), base.folder(), config, base.weightsSha256(), base.source());
  }

  /**
   * Weights of a base with what the adapter saved in their places; closing them closes those.
   *
   * @param weights of the base, none of it replaced
   * @param seen what {@link #base} said
   */
  public static Weights over(Weights weights, Base seen, PeftAdapter adapter) {
    if (!adapter.replaces()) {
      return weights;
    }
    var others = new LinkedHashMap<>(adapter.saved());
    others.keySet().retainAll(seen.config().tensors().keySet()); // a tied head's copy
    return new ReplacedWeights(
        weights, seen.config(), Path.of("the adapter"), others, adapter.rows());
  }

  /** Whether the head is no longer the embedding. */
  private static ModelConfig config(ModelConfig config, PeftAdapter adapter) {
    var embedding = adapter.saved().get(config.block().names().embeddings());
    var head = adapter.saved().get(TensorNames.head("weight"));
    if (!config.tiedEmbeddings() || embedding == null && head == null) {
      return config;
    }
    boolean same =
        embedding != null
            && (adapter.config().tied()
                || head != null
                    && embedding.encoding() == head.encoding()
                    && embedding.bytes().mismatch(head.bytes()) < 0);
    return same ? config : config.untied();
  }

  private static void requireFits(ModelConfig config, PeftAdapter adapter) {
    var expected = config.tensors();
    var problems = new ArrayList<String>();
    for (var saved : adapter.saved().entrySet()) {
      var name = saved.getKey();
      long[] shape = expected.get(name);
      boolean copy = config.tiedEmbeddings() && name.equals(TensorNames.head("weight"));
      if (shape == null && !copy) {
        problems.add("the base has no " + name);
      } else if (!copy && !Arrays.equals(Objects.requireNonNull(shape), saved.getValue().shape())) {
        problems.add(
            "%s is %s in the base, %s in the adapter"
                .formatted(
                    name, Arrays.toString(shape), Arrays.toString(saved.getValue().shape())));
      }
    }
    for (var rows : adapter.rows().entrySet()) {
      long[] shape = expected.get(rows.getKey());
      if (shape == null || shape.length != 2) {
        problems.add("the base has no matrix " + rows.getKey() + " of its own");
      } else if (rows.getValue().ids().getLast() >= shape[0]
          || rows.getValue().width() != shape[1]) {
        problems.add(
            "%s is %s in the base, the adapter has rows up to %d of %d values"
                .formatted(
                    rows.getKey(),
                    Arrays.toString(shape),
                    rows.getValue().ids().getLast(),
                    rows.getValue().width()));
      }
    }
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "the adapter saved modules of another base"
              + (adapter.config().baseName() == null
                  ? ""
                  : " (" + adapter.config().baseName() + ")"),
          problems.size() > 6 ? problems.subList(0, 6) : problems,
          "Use it with the base that it was trained on; one with added tokens is made by"
              + " './lathe bases extend'.");
    }
  }
}
