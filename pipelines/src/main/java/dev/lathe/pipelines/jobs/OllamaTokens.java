package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.files.JsonFile;
import java.util.List;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/** A base's special tokens as texts, out of its {@code tokenizer.json}. */
final class OllamaTokens {
  private OllamaTokens() {}

  /** The tokens that end an answer. */
  static List<String> ends(Base base) {
    var texts = new TreeMap<Integer, String>();
    var tokenizer = JsonFile.read(base.tokenizer());
    tokenizer
        .path("model")
        .path("vocab")
        .properties()
        .forEach(e -> texts.put(e.getValue().asInt(-1), e.getKey()));
    for (var added : tokenizer.path("added_tokens")) {
      texts.put(added.path("id").asInt(-1), added.path("content").asString(""));
    }
    return base.config().endTokens().stream()
        .map(id -> texts.getOrDefault(id, ""))
        .filter(text -> !text.isEmpty())
        .toList();
  }

  /** The token that the tokenizer puts before every text; empty when it puts none. */
  static String prepended(Base base) {
    JsonNode processor = JsonFile.read(base.tokenizer()).path("post_processor");
    var first = processor.path("single").path(0);
    for (var step : processor.path("processors")) {
      if (step.has("single")) {
        first = step.path("single").path(0);
      }
    }
    return first.path("SpecialToken").path("id").asString("");
  }
}
