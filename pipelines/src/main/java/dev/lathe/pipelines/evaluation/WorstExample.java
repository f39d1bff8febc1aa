package dev.lathe.pipelines.evaluation;

import dev.lathe.datasets.store.Preview;
import dev.lathe.datasets.store.Preview.Token;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.Tokenizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A conversation that the model finds hard, and where.
 *
 * @param id as {@code dataset preview --id} takes it; of a conversation that was cut into windows,
 *     the window's
 * @param source the log that it came from
 * @param line of that log, from 1; 0 where it is not known
 * @param loss mean over its labelled tokens, in nats
 * @param tokens labelled ones
 * @param excerpt of the answer that costs most
 * @param dearest the labelled tokens that cost most, the dearest first
 */
public record WorstExample(
    String id,
    String source,
    long line,
    double loss,
    int tokens,
    String excerpt,
    List<DearToken> dearest) {
  /** Characters of an excerpt. */
  private static final int EXCERPT = 200;

  private static final int DEAREST = 5;

  /** Tokens before a dear one that are shown with it. */
  private static final int BEFORE = 6;

  public WorstExample {
    dearest = List.copyOf(dearest);
  }

  /**
   * A token that the model did not expect.
   *
   * @param before the text that it follows
   * @param loss in nats
   * @param likeliest what the model would have said
   */
  public record DearToken(String before, String text, double loss, String likeliest) {}

  /**
   * @param losses of the labelled tokens that were measured, in order
   * @param likeliest in their places
   * @param ends the model's end tokens, which an excerpt leaves out
   */
  static WorstExample of(
      Example example,
      Traits traits,
      List<Double> losses,
      List<Integer> likeliest,
      Collection<Integer> ends,
      Tokenizer tokenizer) {
    var tokens = Preview.tokens(example, tokenizer);
    // The first token is predicted by nothing; what is behind the last measured one was not read.
    int[] at =
        IntStream.range(1, tokens.size())
            .filter(i -> tokens.get(i).labelled())
            .limit(losses.size())
            .toArray();
    var dearest =
        IntStream.range(0, at.length)
            .boxed()
            .sorted(Comparator.comparing(losses::get, Comparator.reverseOrder()))
            .limit(DEAREST)
            .map(
                k ->
                    new DearToken(
                        text(tokens, Math.max(0, at[k] - BEFORE), at[k]),
                        tokens.get(at[k]).text(),
                        losses.get(k),
                        tokenizer.decode(new int[] {likeliest.get(k)})))
            .toList();
    double sum = losses.stream().mapToDouble(l -> l).sum();
    return new WorstExample(
        example.id(),
        traits.source(),
        traits.line(),
        sum / losses.size(),
        losses.size(),
        excerpt(tokens, at, losses, ends),
        dearest);
  }

  /** The beginning of the answer in which most of the loss lies. */
  private static String excerpt(
      List<Token> tokens, int[] at, List<Double> losses, Collection<Integer> ends) {
    int best = 0;
    double most = Double.NEGATIVE_INFINITY;
    for (int from = 0, k = 0; k < at.length; k++) {
      if (k + 1 == at.length || at[k + 1] != at[k] + 1) {
        double sum = losses.subList(from, k + 1).stream().mapToDouble(l -> l).sum();
        if (Double.compare(sum, most) > 0) {
          most = sum;
          best = from;
        }
        from = k + 1;
      }
    }
    int end = at[best];
    var text = new StringBuilder();
    while (end < tokens.size() && tokens.get(end).labelled() && text.length() <= EXCERPT) {
      var token = tokens.get(end++);
      text.append(ends.contains(token.id()) ? "" : token.text());
    }
    if (text.length() <= EXCERPT) {
      return text.toString().strip();
    }
    return text.substring(0, text.offsetByCodePoints(0, text.codePointCount(0, EXCERPT))).strip()
        + "…";
  }

  private static String text(List<Token> tokens, int from, int to) {
    var text = new ArrayList<String>();
    tokens.subList(from, to).forEach(t -> text.add(t.text()));
    return String.join("", text);
  }
}
