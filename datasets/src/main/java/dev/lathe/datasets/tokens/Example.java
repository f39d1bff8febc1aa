package dev.lathe.datasets.tokens;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One conversation (or a window of one) as the trainer takes it.
 *
 * @param id the conversation's
 * @param ids its tokens, at least one
 * @param labelled bit i: token i is to be learnt, from the tokens before it
 * @param source the log it came from; a slice that figures are told apart by
 * @param language its language where known, else empty
 */
@SuppressWarnings("ArrayRecordComponent") // equality is by content, below
public record Example(String id, int[] ids, BitSet labelled, String source, String language) {
  /** What Hugging Face writes where a token is not labelled. */
  public static final int NOT_LABELLED = -100;

  public Example {
    if (ids.length == 0) {
      throw new IllegalArgumentException("an example has tokens: " + id);
    }
    if (labelled.length() > ids.length) {
      throw new IllegalArgumentException("labels beyond the last token: " + id);
    }
  }

  public int length() {
    return ids.length;
  }

  public int labelCount() {
    return labelled.cardinality();
  }

  /** Hugging Face's labels: each token's own id where it is labelled, else -100. Not shifted. */
  public int[] labels() {
    int[] labels = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      labels[i] = labelled.get(i) ? ids[i] : NOT_LABELLED;
    }
    return labels;
  }

  /** The tokens {@code from} to before {@code to}, with their labels, under another id. */
  Example window(String windowId, int from, int to) {
    return new Example(
        windowId, Arrays.copyOfRange(ids, from, to), labelled.get(from, to), source, language);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Example e
        && id.equals(e.id)
        && Arrays.equals(ids, e.ids)
        && labelled.equals(e.labelled)
        && source.equals(e.source)
        && language.equals(e.language);
  }

  @Override
  public int hashCode() {
    return Objects.hash(id, Arrays.hashCode(ids), labelled);
  }

  @Override
  public String toString() {
    return "Example[%s, %d tokens, %d labelled]".formatted(id, length(), labelCount());
  }
}
