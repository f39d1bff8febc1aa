package dev.lathe.serving.providers.llama.decoding;

import dev.lathe.serving.providers.llama.library.LlamaModel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;

/** What each token of a vocabulary adds to an answer, and which tokens end one. */
public final class Pieces {
  private final byte[][] bytes;
  private final BitSet ends = new BitSet();

  private Pieces(byte[][] bytes) {
    this.bytes = bytes;
  }

  /**
   * @param ends tokens that end an answer beside those that the model's file names
   */
  public static Pieces of(LlamaModel model, Collection<Integer> ends) {
    var bytes = new byte[model.vocabularySize()][];
    var all = new ArrayList<>(ends);
    for (int token = 0; token < bytes.length; token++) {
      bytes[token] = model.piece(token, false);
      if (model.endsGeneration(token)) {
        all.add(token);
      }
    }
    return of(bytes, all);
  }

  static Pieces of(byte[][] bytes, Collection<Integer> ends) {
    var pieces = new Pieces(bytes);
    ends.stream().filter(t -> t >= 0 && t < bytes.length).forEach(pieces.ends::set);
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
}
