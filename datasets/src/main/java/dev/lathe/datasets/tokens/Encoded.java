package dev.lathe.datasets.tokens;

/**
 * A text's tokens: {@code ids[i]} came from the characters {@code starts[i]} to before {@code
 * ends[i]} of the text, in UTF-16 units. Tokens that share one character's bytes (half an emoji
 * each, say) all carry that whole character.
 */
@SuppressWarnings("ArrayRecordComponent") // made once, read in loops over millions of tokens
public record Encoded(int[] ids, int[] starts, int[] ends) {
  public Encoded {
    if (ids.length != starts.length || ids.length != ends.length) {
      throw new IllegalArgumentException("one start and one end for each token");
    }
  }

  public int length() {
    return ids.length;
  }
}
