package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.adapters.AdapterConfig;
import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.engine.program.SavedShape;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** What a recipe's {@code modulesToSave} and {@code trainTokens} mean on a base. */
final class ModulesToSave {
  private static final String HEAD = "lm_head";

  private ModulesToSave() {}

  /**
   * Embedding and head, by PEFT's names for them. Tied they are one matrix, which the embedding's
   * name means: it learns from both its uses.
   *
   * @throws BadInput for other modules, and for the head alone where it is the embedding
   */
  static SavedShape of(List<String> modules, ModelConfig base) {
    if (modules.isEmpty()) {
      return SavedShape.none(base);
    }
    var embedding = base.block().names().embedding();
    var problems = new ArrayList<String>();
    for (var module : modules) {
      if (!module.equals(embedding) && !module.equals(HEAD)) {
        problems.add(
            "modulesToSave: '%s' is neither the embedding nor the head. %s"
                .formatted(module, DidYouMean.remedy(module, List.of(embedding, HEAD))));
      }
    }
    if (base.tiedEmbeddings() && !modules.contains(embedding) && problems.isEmpty()) {
      problems.add(
          "modulesToSave: the base's %s is its %s, and PEFT would part them. Name %s: it learns from both uses"
              .formatted(HEAD, embedding, embedding));
    }
    if (!problems.isEmpty()) {
      throw BadInput.all("the recipe does not fit the base", problems, "Mend it.");
    }
    return new SavedShape(
        base, modules.contains(embedding), modules.contains(HEAD) && !base.tiedEmbeddings());
  }

  /**
   * The rows of the tokens that a base was extended with.
   *
   * @throws BadInput when it was not
   */
  static SavedShape added(Base base, ModelConfig model) {
    var extension =
        base.extension()
            .orElseThrow(
                () ->
                    new BadInput(
                        "trainTokens: the base has no added tokens",
                        base.name(),
                        "Add some: ./lathe bases extend " + base.name() + " --tokens …"));
    return SavedShape.rows(model, extension.firstId(), extension.tokens().size());
  }

  /** An adapter's config that tells of what is trained besides. */
  static AdapterConfig told(AdapterConfig config, SavedShape saved) {
    if (saved.isWhole()) {
      return config.saving(names(saved), saved.isTiedWhole());
    }
    var ids = IntStream.range(saved.firstRow(), saved.firstRow() + saved.rows()).boxed().toList();
    var tokens = new TreeMap<String, List<Integer>>();
    names(saved).forEach(name -> tokens.put(name, ids));
    return config.training(tokens);
  }

  /** As {@code adapter_config.json} names them. */
  static SortedSet<String> names(SavedShape saved) {
    var names = new TreeSet<String>();
    if (saved.embedding()) {
      names.add(saved.config().block().names().embedding());
    }
    if (saved.head()) {
      names.add(HEAD);
    }
    return names;
  }
}
