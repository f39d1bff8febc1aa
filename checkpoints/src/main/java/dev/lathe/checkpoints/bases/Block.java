package dev.lathe.checkpoints.bases;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What sets a family's decoder block apart: the shared parts that it is made of, and their
 * settings.
 *
 * @param names what the family calls its tensors
 * @param layerNorm LayerNorm with a bias; else RMSNorm
 * @param shiftedNorms whether a norm multiplies by 1 + its weight, as Gemma's do
 * @param sandwich whether what attention and feed-forward add is normalised once more before it is
 *     added (Gemma 2 and 3)
 * @param parallel whether attention and feed-forward read the same norm and add side by side
 *     (Phi-2)
 * @param headNorms whether every head of q and k is normalised (Qwen3, Gemma 3)
 * @param gated whether the feed-forward multiplies by a gate; else it has one way in
 * @param windows of every layer, tokens that a token sees, itself included; 0 for all
 * @param tables of every layer, which of {@link ModelConfig#rotaries} it turns by
 * @param attentionCap scores are bent to stay below it: {@code cap * tanh(score / cap)}; 0 for none
 * @param finalCap the same of logits
 * @param queryScale what scores are multiplied with
 * @param embeddingScale what token embeddings are multiplied with
 * @param encoderDecoder the two stacks that blocks are laid in; null for a decoder alone
 */
public record Block(
    TensorNames names,
    boolean layerNorm,
    boolean shiftedNorms,
    boolean sandwich,
    boolean parallel,
    boolean headNorms,
    boolean gated,
    Activation activation,
    Biases biases,
    List<Integer> windows,
    List<Integer> tables,
    double attentionCap,
    double finalCap,
    double queryScale,
    double embeddingScale,
    boolean learnedPositions,
    @Nullable EncoderDecoder encoderDecoder) {

  /** In the order of the program's numbers for them. */
  public enum Activation {
    SILU,
    GELU,
    GELU_TANH,
    RELU
  }

  /** Which linear layers have a bias. */
  public record Biases(boolean qkv, boolean out, boolean inner, boolean down, boolean head) {
    static final Biases NONE = new Biases(false, false, false, false, false);
    static final Biases QKV = new Biases(true, false, false, false, false);
  }

  public Block {
    windows = List.copyOf(windows);
    tables = List.copyOf(tables);
  }

  /** Llama's: pre-norm, rotary, gated silu, no bias anywhere. */
  static Block llama(int layers, int headDim) {
    return new Builder(TensorNames.LLAMA, layers, headDim).build();
  }

  /** Whether nothing sets it apart from Llama's. */
  boolean isLlamas(int headDim) {
    return equals(llama(windows.size(), headDim));
  }

  /** Begins as Llama's block and is told what is different. */
  static final class Builder {
    private final TensorNames names;
    private boolean layerNorm;
    private boolean shiftedNorms;
    private boolean sandwich;
    private boolean parallel;
    private boolean headNorms;
    private boolean gated = true;
    private Activation activation = Activation.SILU;
    private Biases biases = Biases.NONE;
    private List<Integer> windows;
    private List<Integer> tables;
    private double attentionCap;
    private double finalCap;
    private double queryScale;
    private double embeddingScale = 1;
    private boolean learnedPositions;
    private @Nullable EncoderDecoder encoderDecoder;

    Builder(TensorNames names, int layers, int headDim) {
      this.names = names;
      this.windows = Collections.nCopies(layers, 0);
      this.tables = windows;
      this.queryScale = 1 / Math.sqrt(headDim);
    }

    Builder layerNorm() {
      layerNorm = true;
      return this;
    }

    Builder shiftedNorms() {
      shiftedNorms = true;
      return this;
    }

    Builder sandwich() {
      sandwich = true;
      return this;
    }

    Builder parallel() {
      parallel = true;
      return this;
    }

    Builder headNorms() {
      headNorms = true;
      return this;
    }

    Builder ungated() {
      gated = false;
      return this;
    }

    Builder activation(Activation value) {
      activation = value;
      return this;
    }

    Builder biases(Biases value) {
      biases = value;
      return this;
    }

    Builder windows(List<Integer> value) {
      windows = value;
      return this;
    }

    Builder tables(List<Integer> value) {
      tables = value;
      return this;
    }

    Builder caps(double attention, double logits) {
      attentionCap = attention;
      finalCap = logits;
      return this;
    }

    Builder queryScale(double value) {
      queryScale = value;
      return this;
    }

    Builder embeddingScale(double value) {
      embeddingScale = value;
      return this;
    }

    Builder learnedPositions() {
      learnedPositions = true;
      return this;
    }

    Builder encoderDecoder(EncoderDecoder value) {
      encoderDecoder = value;
      return this;
    }

    Block build() {
      return new Block(
          names,
          layerNorm,
          shiftedNorms,
          sandwich,
          parallel,
          headNorms,
          gated,
          activation,
          biases,
          windows,
          tables,
          attentionCap,
          finalCap,
          queryScale,
          embeddingScale,
          learnedPositions,
          encoderDecoder);
    }
  }
}
