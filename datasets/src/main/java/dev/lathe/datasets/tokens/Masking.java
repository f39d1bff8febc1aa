package dev.lathe.datasets.tokens;

import java.util.BitSet;
import java.util.List;

/** From labelled characters to labelled tokens. */
public final class Masking {
  private Masking() {}

  /**
   * @param labelled the tokens to learn
   * @param straddling tokens with characters on both sides of a boundary, none of which is labelled
   */
  public record Labels(BitSet labelled, int straddling) {}

  /**
   * A token is labelled when all of its characters lie in one span (spans that touch count as one).
   * A token that straddles a boundary is not: it holds characters that the model is not to learn.
   * Templates that set their turns off by special tokens have none, since such a token begins and
   * ends on its own; {@code straddling} tells of the others. A token without characters is labelled
   * strictly inside a span only.
   */
  public static Labels labels(Encoded tokens, List<Span> spans) {
    var merged = Span.merged(spans);
    var labelled = new BitSet(tokens.length());
    int straddling = 0;
    int at = 0;
    for (int i = 0; i < tokens.length() && at < merged.size(); i++) {
      int start = tokens.starts()[i];
      int end = tokens.ends()[i];
      while (at < merged.size() && merged.get(at).end() <= start) {
        at++;
      }
      if (at == merged.size()) {
        break;
      }
      var span = merged.get(at);
      boolean inside = span.start() <= start && end <= span.end();
      boolean empty = start == end;
      if (inside && (!empty || span.start() < start)) {
        labelled.set(i);
      } else if (!empty && end > span.start()) {
        straddling++;
      }
    }
    return new Labels(labelled, straddling);
  }
}
