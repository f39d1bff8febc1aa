package dev.lathe.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Conversations laid end to end, without padding; attention never crosses from one to the next and
 * positions restart. What stands behind a conversation's last label is left out: nothing that is
 * asked for depends on it.
 *
 * @param ids all tokens that are read, (M)
 * @param lengths of the conversations, as far as they are read; they sum to M
 * @param at positions whose next token is learnt, (N), increasing
 * @param labels those next tokens, (N)
 * @param wholeLengths of the conversations as they were given
 */
public record MicroBatch(int[] ids, int[] lengths, int[] at, int[] labels, int[] wholeLengths) {
  /** What is not learnt, in labels that stand at their own token's position (Hugging Face's). */
  public static final int IGNORED = -100;

  /** One conversation: token ids, and labels at the tokens' own positions. */
  public record Sequence(int[] ids, int[] labels) {
    public Sequence {
      if (ids.length == 0 || ids.length != labels.length) {
        throw new IllegalArgumentException(
            "a conversation has a label for each of its tokens: "
                + ids.length
                + " tokens, "
                + labels.length
                + " labels");
      }
    }

    /** How many of its tokens have to be read: up to the last label, and one at least. */
    int read() {
      int n = ids.length;
      while (n > 1 && labels[n - 1] == IGNORED) {
        n--;
      }
      return n;
    }
  }

  /** Conversations that are read whole. */
  public MicroBatch(int[] ids, int[] lengths, int[] at, int[] labels) {
    this(ids, lengths, at, labels, lengths);
  }

  public static MicroBatch of(List<Sequence> sequences) {
    int[] lengths = sequences.stream().mapToInt(Sequence::read).toArray();
    var ids = IntStream.builder();
    var at = IntStream.builder();
    var labels = IntStream.builder();
    int start = 0;
    for (int k = 0; k < lengths.length; k++) {
      var s = sequences.get(k);
      for (int i = 0; i < lengths[k]; i++) {
        ids.add(s.ids()[i]);
        // The first token has nothing before it that could predict it.
        if (i > 0 && s.labels()[i] != IGNORED) {
          at.add(start + i - 1);
          labels.add(s.labels()[i]);
        }
      }
      start += lengths[k];
    }
    return new MicroBatch(
        ids.build().toArray(),
        lengths,
        at.build().toArray(),
        labels.build().toArray(),
        sequences.stream().mapToInt(s -> s.ids().length).toArray());
  }

  /** Of the conversations as they were given. */
  public int tokens() {
    return Arrays.stream(wholeLengths).sum();
  }

  /** How many of the labels each conversation has. */
  public int[] labelledEach() {
    var counts = new int[lengths.length];
    int next = 0;
    int end = 0;
    for (int i = 0; i < lengths.length; i++) {
      end += lengths[i];
      for (; next < at.length && at[next] < end; next++) {
        counts[i]++;
      }
    }
    return counts;
  }

  public int labelled() {
    return at.length;
  }
}
