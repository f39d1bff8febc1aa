package dev.lathe.pipelines.jobs;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a user asks to train.
 *
 * @param base name of a base that is there
 * @param dataset name@n, or a name for its latest version; several with weights as a@1:0.7,b@2:0.3
 * @param model the name that the result shall have
 * @param recipe a recipe file's YAML; null for the defaults
 * @param set single recipe keys, over the file's
 */
public record FinetuneRequest(
    String base,
    String dataset,
    String model,
    @Nullable String recipe,
    @Nullable Map<String, String> set) {
  /** The keys set, none for null. */
  public Map<String, String> overrides() {
    return set == null ? Map.of() : set;
  }
}
