package dev.lathe.registry.models;

import java.util.List;
import java.util.Locale;

/** A version's README.md, for people; its head is what model hubs read. */
final class ModelCard {
  private ModelCard() {}

  /**
   * @param files the others, without the card
   */
  static String of(ModelVersion v, List<ModelVersion.File> files) {
    var card = new StringBuilder();
    boolean whole = files.stream().anyMatch(f -> f.path().startsWith("model/"));
    card.append("---\nlibrary_name: ").append(whole ? "transformers" : "peft");
    card.append("\nbase_model: ").append(v.base()).append("\n---\n\n");
    card.append("# ").append(v.version()).append("\n\n");
    card.append(whole ? "All weights of `" : "A LoRA adapter on `").append(v.base());
    card.append("`, fine-tuned by Lathe on ")
        .append(v.mixture().isEmpty() ? "the dataset `" : "the mixture of datasets `")
        .append(v.dataset())
        .append("`. Registered ")
        .append(v.createdAt());
    card.append(". This folder never changes: `./lathe models verify ").append(v.version());
    card.append("` hashes it again.\n\n## Where it comes from\n\n| | | SHA-256 |\n|---|---|---|\n");
    row(card, "run", v.run(), "");
    for (var dataset : v.datasets()) {
      var weight = dataset.weight() == null ? "" : ", weight " + dataset.weight();
      row(card, "dataset", dataset.dataset() + weight, dataset.id() + " (content)");
    }
    for (var source : v.sources()) {
      row(card, "log", source.path(), source.sha256());
    }
    row(card, "base", v.base(), v.baseSha256() + " (weights)");
    row(card, "chat template", "as in training", v.templateSha256());
    if (v.codeVersion() != null) {
      row(card, "Lathe", v.codeVersion(), "");
    }
    card.append("\n## What was measured\n\nLosses in nats a token.\n\n| | |\n|---|---|\n");
    v.metrics().forEach((k, x) -> pair(card, k, String.format(Locale.ROOT, "%.6g", x)));
    card.append("\n## Recipe\n\n| key | value |\n|---|---|\n");
    v.recipe().forEach((k, x) -> pair(card, k, String.valueOf(x)));
    card.append("\n## Files\n\n| path | bytes | SHA-256 |\n|---|---|---|\n");
    for (var file : files) {
      row(card, file.path(), Long.toString(file.bytes()), file.sha256());
    }
    card.append(
        whole
            ? "\n`model/` is a Hugging Face directory: `AutoModelForCausalLM.from_pretrained(\"model\")`"
            : "\n`adapter/` is a PEFT directory: `PeftModel.from_pretrained(base, \"adapter\")`");
    card.append(" loads it.\n");
    return card.toString();
  }

  private static void pair(StringBuilder card, String key, String value) {
    card.append("| ").append(cell(key)).append(" | ").append(cell(value)).append(" |\n");
  }

  private static void row(StringBuilder card, String a, String b, String c) {
    card.append("| ").append(cell(a)).append(" | ").append(cell(b)).append(" | ");
    card.append(cell(c)).append(" |\n");
  }

  /** Names of log files are others' text: they must not break the table. */
  private static String cell(String text) {
    return text.replaceAll("\\p{Cntrl}", " ").replace("|", "\\|");
  }
}
