package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.engine.program.SavedShape;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** What a recipe's {@code modulesToSave} means on a base. */
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
