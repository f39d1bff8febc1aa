package dev.lathe.datasets.tokens;

import java.util.ArrayList;
import java.util.List;

/**
 * What becomes of examples longer than {@code maxLength} tokens. Nothing goes unsaid: every token
 * and label that does not come out is counted.
 *
 * <p>The first token of an example has nothing before it to be learnt from, so a label on it is
 * cleared (and counted as cut); that happens to windows that begin amid an answer.
 */
public record Truncation(int maxLength, Policy policy) {
  /** Which part of a long example is kept. */
  public enum Policy {
    /** The end is cut off; the beginning is kept. */
    END,
    /** The start is cut off; the last tokens are kept. */
    START,
    /** Cut into windows, {@code id#1}, {@code id#2}, … */
    SPLIT,
    /** The whole example is left out. */
    DROP
  }

  public Truncation {
    if (maxLength < 2) {
      throw new IllegalArgumentException("maxLength is 2 or more: " + maxLength);
    }
  }

  /**
   * How many examples met which fate; adds up over partitions.
   *
   * @param given examples that came in
   * @param truncated examples that lost their start or end
   * @param split examples cut into windows
   * @param tooLong examples left out for their length
   * @param withoutLabels examples or windows left out because nothing in them is labelled
   * @param tokensCut tokens that came in and did not go out
   * @param labelsCut labels that came in and did not go out
   */
  public record Counts(
      long given,
      long truncated,
      long split,
      long tooLong,
      long withoutLabels,
      long tokensCut,
      long labelsCut) {
    public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0);

    public Counts plus(Counts o) {
      return new Counts(
          given + o.given,
          truncated + o.truncated,
          split + o.split,
          tooLong + o.tooLong,
          withoutLabels + o.withoutLabels,
          tokensCut + o.tokensCut,
          labelsCut + o.labelsCut);
    }
  }

  /** What came out of one example: none, one, or several windows; and the count of it. */
  public record Fitted(List<Example> examples, Counts counts) {}

  public Fitted fit(Example example) {
    int length = example.length();
    boolean fits = length <= maxLength;
    var pieces = new ArrayList<Example>();
    if (fits) {
      pieces.add(example);
    } else {
      switch (policy) {
        case END -> pieces.add(example.window(example.id(), 0, maxLength));
        case START -> pieces.add(example.window(example.id(), length - maxLength, length));
        case SPLIT -> {
          for (int at = 0, n = 1; at < length; at += maxLength, n++) {
            int to = Math.min(length, at + maxLength);
            pieces.add(example.window(example.id() + "#" + n, at, to));
          }
        }
        case DROP -> {}
      }
    }
    var kept = pieces.stream().map(Truncation::learnable).filter(e -> e.labelCount() > 0).toList();
    boolean cut = !fits && (policy == Policy.END || policy == Policy.START);
    return new Fitted(
        kept,
        new Counts(
            1,
            cut ? 1 : 0,
            !fits && policy == Policy.SPLIT ? 1 : 0,
            !fits && policy == Policy.DROP ? 1 : 0,
            pieces.size() - kept.size(),
            length - kept.stream().mapToLong(Example::length).sum(),
            example.labelCount() - kept.stream().mapToLong(Example::labelCount).sum()));
  }

  private static Example learnable(Example e) {
    if (!e.labelled().get(0)) {
      return e;
    }
    var labelled = e.labelled().get(0, e.length());
    labelled.clear(0);
    return new Example(e.id(), e.ids(), labelled, e.source(), e.language());
  }
}
