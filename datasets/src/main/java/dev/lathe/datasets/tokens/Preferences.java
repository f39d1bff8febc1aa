package dev.lathe.datasets.tokens;

import dev.lathe.datasets.preference.Pairing.Pair;
import java.util.BitSet;
import java.util.List;

/**
 * What was said of a shard's examples, each of which is an answer in its context.
 *
 * @param liked bit i: example i was liked, else disliked
 * @param pairs examples by their places in the shard, in the order in which an unshuffled run meets
 *     them
 */
public record Preferences(BitSet liked, List<Pair> pairs) {
  public Preferences {
    pairs = List.copyOf(pairs);
  }
}
