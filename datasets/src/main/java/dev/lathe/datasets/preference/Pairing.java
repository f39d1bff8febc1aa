package dev.lathe.datasets.preference;

import java.util.ArrayList;
import java.util.List;

/**
 * Pairs out of one context's liked and disliked answers: as many as the larger side has answers,
 * the smaller side coming round again. So every judgement counts at least once, and a context
 * weighs no more than it has answers, where every pairing would weigh a context with 11 of each 121
 * times.
 *
 * @param most pairs of one context
 */
public record Pairing(int most) {
  /** A liked and a disliked answer, by the caller's numbers. */
  public record Pair(int chosen, int rejected) {}

  public List<Pair> of(List<Integer> liked, List<Integer> disliked) {
    var pairs = new ArrayList<Pair>();
    if (!liked.isEmpty() && !disliked.isEmpty()) {
      int n = Math.min(most, Math.max(liked.size(), disliked.size()));
      for (int i = 0; i < n; i++) {
        pairs.add(new Pair(liked.get(i % liked.size()), disliked.get(i % disliked.size())));
      }
    }
    return pairs;
  }
}
