package dev.lathe.checkpoints.bases;

import java.util.List;

/**
 * What the mathematics needs to know of a decoder, in the names of Hugging Face's {@code
 * config.json}.
 *
 * @param architecture {@code model_type}, such as {@code llama}
 * @param headDim width of one attention head; {@code hiddenSize / heads} unless the file says
 *     otherwise
 * @param tiedEmbeddings whether the vocabulary head is the embedding matrix
 * @param endTokens ids that end a generation; never empty
 */
public record ModelConfig(
    String architecture,
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int keyValueHeads,
    int headDim,
    double rmsNormEps,
    double ropeTheta,
    int maxPositions,
    boolean tiedEmbeddings,
    int beginToken,
    List<Integer> endTokens) {
  public ModelConfig {
    endTokens = List.copyOf(endTokens);
    if (vocabSize < 1 || hiddenSize < 1 || intermediateSize < 1 || layers < 1 || heads < 1) {
      throw new IllegalArgumentException("a model's sizes are positive");
    }
    if (keyValueHeads < 1 || heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          heads + " heads cannot share " + keyValueHeads + " key-value heads");
    }
    if (headDim < 2 || headDim % 2 != 0) {
      throw new IllegalArgumentException("rotary embeddings need an even head width: " + headDim);
    }
  }
}
