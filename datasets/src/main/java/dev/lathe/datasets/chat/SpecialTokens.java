package dev.lathe.datasets.chat;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a base's tokenizer_config.json calls its special tokens. */
final class SpecialTokens {
  private SpecialTokens() {}

  /**
   * {@code bos_token}, {@code eos_token} and their like; none where the folder has no such file.
   */
  static Map<String, String> read(Path folder) {
    var file = folder.resolve("tokenizer_config.json");
    var out = new TreeMap<String, String>();
    if (!Files.isRegularFile(file)) {
      return out;
    }
    JsonNode config;
    try {
      config = JsonMapper.shared().readTree(file.toFile());
    } catch (JacksonException e) {
      throw new BadInput(
          "not JSON: " + e.getOriginalMessage(), file.toString(), "Pull the base again.", e);
    }
    for (var e : config.properties()) {
      // Either the token, or an object that says more of it.
      var value = e.getValue().isObject() ? e.getValue().path("content") : e.getValue();
      if (e.getKey().endsWith("_token") && value.isString()) {
        out.put(e.getKey(), value.asString());
      }
    }
    return out;
  }
}
