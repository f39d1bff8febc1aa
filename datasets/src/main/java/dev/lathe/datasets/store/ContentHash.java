package dev.lathe.datasets.store;

import dev.lathe.checkpoints.files.Sha256;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * A version's id: a hash of all that decides its content, known before it is built, so that nothing
 * is built twice.
 */
public final class ContentHash {
  /** Raised with every change of code that makes other datasets of the same inputs. */
  private static final int CODE = 1;

  private ContentHash() {}

  /**
   * @param sources format and SHA-256 of each log, in the order in which they are read
   */
  public static String of(
      List<String> sources, DatasetRecipe recipe, String tokenizerSha256, String templateSha256) {
    var keys = new TreeMap<>(recipe.toMap());
    keys.remove("template"); // where the template lies does not matter, what it says is hashed
    var all =
        Map.of(
            "sources",
            sources,
            "recipe",
            keys,
            "tokenizer",
            tokenizerSha256,
            "template",
            templateSha256,
            "code",
            CODE);
    return Sha256.of(JsonMapper.shared().writeValueAsString(new TreeMap<>(all)));
  }
}
