package dev.lathe.serving.providers.llama.decoding;

import dev.lathe.serving.providers.llama.library.LlamaModel;
import java.util.BitSet;
import java.util.Collection;

/** What each token of a vocabulary adds to an answer, and which tokens end one. */
public final class Pieces {
  private final LlamaModel model;
  private final byte[][] bytes;
  private final BitSet ends = new BitSet();

  private Pieces(LlamaModel model) {
    this.model = model;
    this.bytes = new byte[model.vocabularySize()][];
  }

  /**
   * @param ends tokens that end an answer beside those that the model's file names
   */
  public static Pieces of(LlamaModel model, Collection<Integer> ends) {
    var pieces = new Pieces(model);
    for (int token = 0; token < model.vocabularySize(); token++) {
      pieces.bytes[token] = model.piece(token, false);
      if (model.endsGeneration(token)) {
        pieces.ends.set(token);
      }
    }
    for (int token : ends) {
      if (token >= 0 && token < model.vocabularySize()) {
        pieces.ends.set(token);
      }
    }
    return pieces;
  }

  /** Not always whole characters; empty for control tokens. Not to be changed. */
  public byte[] of(int token) {
    return ends.get(token) ? new byte[0] : bytes[token];
  }

  /** Whether the token ends an answer. */
  public boolean ends(int token) {
    return ends.get(token);
  }

  /** The token written out, control tokens too. */
  public byte[] spelled(int token) {
    return model.piece(token, true);
  }
}
