package dev.lathe.engine.generation;

import dev.lathe.engine.Decoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** Greedy decoding: always the likeliest token, for several prompts at once. */
public final class Greedy {
  private Greedy() {}

  /**
   * Continues every prompt until an end token (left out of the answer) or {@code most} tokens.
   *
   * @param prompts token ids, none empty
   * @param progress told after each token how many rows are done
   * @return the new tokens of each prompt
   */
  public static List<int[]> answers(
      Decoder decoder, List<int[]> prompts, int most, IntConsumer progress) {
    int rows = prompts.size();
    if (rows == 0 || most < 1) {
      return prompts.stream().map(p -> new int[0]).toList();
    }
    int[] lengths = prompts.stream().mapToInt(p -> p.length).toArray();
    int longest = Arrays.stream(lengths).max().getAsInt();
    var answers = IntStream.range(0, rows).mapToObj(r -> new ArrayList<Integer>()).toList();
    var done = new BitSet(rows);
    var ends = decoder.config().endTokens();
    try (var cache = decoder.cache(rows, longest + most)) {
      int[] ids = prompts.stream().flatMapToInt(Arrays::stream).toArray();
      int[] tokens = decoder.prefill(cache, ids, lengths);
      int[] positions = lengths.clone();
      for (int n = 0; ; n++) {
        for (int r = 0; r < rows; r++) {
          if (ends.contains(tokens[r])) {
            done.set(r);
          } else if (!done.get(r)) {
            answers.get(r).add(tokens[r]);
          }
        }
        progress.accept(done.cardinality());
        if (done.cardinality() == rows || n == most - 1) {
          break;
        }
        // Rows that are done go on with the rest and are ignored: simpler, and the batch stays
        // whole.
        tokens = decoder.next(cache, tokens, positions);
        for (int r = 0; r < rows; r++) {
          positions[r]++;
        }
      }
    }
    return answers.stream().map(a -> a.stream().mapToInt(i -> i).toArray()).toList();
  }
}
