package dev.lathe.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Conversations laid end to end, without padding; attention never crosses from one to the next and
 * positions restart.
 *
 * @param ids all tokens, (M)
 * @param lengths of the conversations; they sum to M
 * @param at positions whose next token is learnt, (N), increasing
 * @param labels those next tokens, (N)
 */
public record MicroBatch(int[] ids, int[] lengths, int[] at, int[] labels) {
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
  }

  public static MicroBatch of(List<Sequence> sequences) {
    int[] ids = sequences.stream().flatMapToInt(s -> Arrays.stream(s.ids())).toArray();
    int[] lengths = sequences.stream().mapToInt(s -> s.ids().length).toArray();
    var at = IntStream.builder();
    var labels = IntStream.builder();
    int start = 0;
    for (var s : sequences) {
      // The first token has nothing before it that could predict it.
      for (int i = 1; i < s.ids().length; i++) {
        if (s.labels()[i] != IGNORED) {
          at.add(start + i - 1);
          labels.add(s.labels()[i]);
        }
      }
      start += s.ids().length;
    }
    return new MicroBatch(ids, lengths, at.build().toArray(), labels.build().toArray());
  }

  public int tokens() {
    return ids.length;
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
