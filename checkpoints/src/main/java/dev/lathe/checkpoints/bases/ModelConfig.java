package dev.lathe.checkpoints.bases;

import java.util.List;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/**
 * What the mathematics needs to know of a model, in the names of Hugging Face's {@code
 * config.json}.
 *
 * @param architecture {@code model_type}, such as {@code llama}
 * @param layers of both stacks, where there are two ({@link EncoderDecoder})
 * @param headDim width of one attention head; {@code hiddenSize / heads} unless the file says
 *     otherwise
 * @param normEps what norms add to a mean square
 * @param rotaries the rotary embeddings that layers choose from; empty where positions are learned
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
    double normEps,
    List<Rotary> rotaries,
    int maxPositions,
    boolean tiedEmbeddings,
    int beginToken,
    List<Integer> endTokens,
    Block block) {
  public ModelConfig {
    endTokens = List.copyOf(endTokens);
    rotaries = List.copyOf(rotaries);
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

  /** A Llama with plain rotary embeddings. */
  public static ModelConfig llama(
      int vocabSize,
      int hiddenSize,
      int intermediateSize,
      int layers,
      int heads,
      int keyValueHeads,
      int headDim,
      double normEps,
      double theta,
      int maxPositions,
      boolean tiedEmbeddings,
      int beginToken,
      List<Integer> endTokens) {
    return new ModelConfig(
        "llama",
        vocabSize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        keyValueHeads,
        headDim,
        normEps,
        List.of(Rotary.plain(headDim, theta, maxPositions)),
        maxPositions,
        tiedEmbeddings,
        beginToken,
        endTokens,
        Block.llama(layers, headDim));
  }

  /** The same with a vocabulary head of its own, where it was the embedding. */
  public ModelConfig untied() {
    return new ModelConfig(
        architecture,
        vocabSize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        keyValueHeads,
        headDim,
        normEps,
        rotaries,
        maxPositions,
        false,
        beginToken,
        endTokens,
        block);
  }

  /** The linear layers of a block that can carry an adapter, by slot. */
  public List<Projection> projections() {
    return isEncoderDecoder() ? T5Names.projections(this) : block.names().projections(this);
  }

  /** Whether a layer has the projection; every layer of a decoder has all. */
  public boolean has(int layer, Projection projection) {
    return !isEncoderDecoder() || T5Names.has(this, layer, projection);
  }

  /** How many layers have the projection. */
  public int layersWith(Projection projection) {
    return (int) IntStream.range(0, layers).filter(i -> has(i, projection)).count();
  }

  /** A module's path from the model's root, as PEFT names it. */
  public String module(int layer, Projection projection) {
    return isEncoderDecoder()
        ? T5Names.module(this, layer, projection)
        : block.names().module(layer, projection);
  }

  /** Whether one stack of layers reads and another one writes (T5). */
  public boolean isEncoderDecoder() {
    return block.encoderDecoder() != null;
  }

  /** Every tensor under its Hugging Face name with its shape, in the model's order. */
  public SequencedMap<String, long[]> tensors() {
    return isEncoderDecoder() ? T5Names.expected(this) : block.names().expected(this);
  }

  /** Whether it is a Llama with plain rotary embeddings and nothing else. */
  public boolean isPlainLlama() {
    return architecture.equals("llama")
        && block.isLlamas(headDim)
        && rotaries.getFirst().scaling() instanceof Rotary.Plain;
  }
}
