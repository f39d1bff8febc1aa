package dev.lathe.pipelines.jobs;

import dev.lathe.datasets.preference.JudgedAnswer;
import dev.lathe.datasets.preference.Pairing;
import dev.lathe.datasets.preference.Pairing.Pair;
import dev.lathe.datasets.tokens.Preferences;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The judged answers of a build, by their numbers in the spool: which belong to one context, which
 * were rated, and which were compared outright. Pairs are made last, of the answers that are left.
 */
final class PreferenceRows {
  private record Key(String context, String answer, boolean liked) {
    static Key of(JudgedAnswer answer, boolean liked) {
      return new Key(answer.contextKey(), answer.answerKey(), liked);
    }

    Key opposite() {
      return new Key(context, answer, !liked);
    }
  }

  private final Pairing pairing;
  private final Map<Key, Integer> numbers = new HashMap<>();
  private final Map<String, Integer> contexts = new HashMap<>();
  private final List<Integer> contextOf = new ArrayList<>();
  private final BitSet liked = new BitSet();
  private final BitSet rated = new BitSet();
  private final BitSet compared = new BitSet();
  private final Set<Pair> comparisons = new LinkedHashSet<>();
  private long contextsLeft;

  /**
   * @param most pairs of one context's ratings
   */
  PreferenceRows(int most) {
    this.pairing = new Pairing(most);
  }

  /** The number of the same judgement of the same answer, or null where it is new. */
  @Nullable Integer find(JudgedAnswer answer, boolean like) {
    return numbers.get(Key.of(answer, like));
  }

  /**
   * @param number the next of the spool
   */
  void add(int number, JudgedAnswer answer, boolean like) {
    if (number != contextOf.size()) {
      throw new IllegalArgumentException("answers are added as they are spooled: " + number);
    }
    var key = Key.of(answer, like);
    numbers.putIfAbsent(key, number);
    contextOf.add(contexts.computeIfAbsent(key.context(), c -> contexts.size()));
    liked.set(number, like);
  }

  /** It was judged by itself, and may be paired with any answer to the same. */
  void rate(int number) {
    rated.set(number);
  }

  void compare(int chosen, int rejected) {
    comparisons.add(new Pair(chosen, rejected));
    compared.set(chosen);
    compared.set(rejected);
  }

  /** Answers that one user liked and another disliked, nobody having compared them. */
  List<Integer> contradictory() {
    return numbers.entrySet().stream()
        .filter(e -> contradicted(e.getValue()) && contradicted(numbers.get(e.getKey().opposite())))
        .map(Map.Entry::getValue)
        .sorted()
        .toList();
  }

  private boolean contradicted(@Nullable Integer number) {
    return number != null && rated.get(number) && !compared.get(number);
  }

  /**
   * What was said of the examples of one split.
   *
   * @param kept the answers' numbers, example by example
   */
  Preferences of(List<Integer> kept) {
    var places = new HashMap<Integer, Integer>();
    var likedPlaces = new BitSet();
    var sides = new LinkedHashMap<Integer, List<List<Integer>>>();
    for (int place = 0; place < kept.size(); place++) {
      int number = kept.get(place);
      places.put(number, place);
      likedPlaces.set(place, liked.get(number));
      var context =
          sides.computeIfAbsent(
              contextOf.get(number), c -> List.of(new ArrayList<>(), new ArrayList<>()));
      if (rated.get(number)) {
        context.get(liked.get(number) ? 0 : 1).add(place);
      }
    }
    var pairs = new LinkedHashSet<Pair>();
    sides.values().forEach(both -> pairs.addAll(pairing.of(both.getFirst(), both.getLast())));
    for (var c : comparisons) {
      var chosen = places.get(c.chosen());
      var rejected = places.get(c.rejected());
      if (chosen != null && rejected != null) {
        pairs.add(new Pair(chosen, rejected));
      }
    }
    contextsLeft += sides.size();
    return new Preferences(likedPlaces, List.copyOf(pairs));
  }

  /** Contexts of all splits that {@link #of} was asked for; none is in two of them. */
  long contextsLeft() {
    return contextsLeft;
  }
}
