package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import java.util.SequencedMap;

/**
 * What llama.cpp's files call a model's tensors and in which order they hold their rows. A new
 * architecture begins with {@link #of}.
 */
public final class GgufLayout {
  /** llama.cpp's name of the embedding matrix, in every architecture. */
  public static final String EMBEDDINGS = "token_embd.weight";

  private final ModelConfig config;

  private GgufLayout(ModelConfig config) {
    this.config = config;
  }

  /**
   * @throws BadInput when the bundled llama.cpp cannot load such a model
   */
  public static GgufLayout of(ModelConfig config) {
    if (!config.isPlainLlama()) {
      throw new BadInput(
          "models of this architecture cannot be written as GGUF",
          config.architecture(),
          "Only llama without biases and with plain rotary embeddings can.");
    }
    return new GgufLayout(config);
  }

  /** {@code general.architecture}. */
  public String architecture() {
    return config.architecture();
  }

  /** Every tensor's shape, outermost first, under its Hugging Face name, in the model's order. */
  public SequencedMap<String, long[]> shapes() {
    return config.tensors();
  }

  /**
   * What GGUF calls a tensor.
   *
   * @param name one of {@link #shapes}
   */
  public String name(String name) {
    return LlamaTensors.toGguf(name)
        .orElseThrow(() -> new IllegalArgumentException("no tensor of the model: " + name));
  }

  /** Whether rows stand in another order than in Hugging Face's layout. */
  public boolean reordered(String name) {
    return LlamaTensors.rowsPaired(name);
  }

  /**
   * Which row of Hugging Face's layout stands in GGUF's row {@code row}. llama.cpp's rotary
   * embedding turns the rows 2 j and 2 j + 1 of a head, Hugging Face's the rows j and j + half of
   * it.
   */
  public int sourceRow(String name, int row) {
    if (!reordered(name)) {
      return row;
    }
    int inHead = row % config.headDim();
    return row - inHead + inHead % 2 * (config.headDim() / 2) + inHead / 2;
  }
}
