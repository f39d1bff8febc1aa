package dev.lathe.serving.providers.llama.grammar;

import dev.lathe.serving.providers.llama.decoding.Constraint;
import dev.lathe.serving.providers.llama.grammar.Grammar.Element;
import dev.lathe.serving.providers.llama.grammar.Grammar.OneOf;
import dev.lathe.serving.providers.llama.grammar.Grammar.Rule;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Follows an answer through a grammar: the set of all places where it can be, each a stack of
 * alternatives begun (a pushdown automaton, simulated without backtracking).
 */
final class GrammarConstraint implements Constraint {
  private static final int MOST_PLACES = 4_096;

  private final Grammar grammar;
  private Set<Place> places = new LinkedHashSet<>();
  private boolean complete;
  private @Nullable BitSet first;

  GrammarConstraint(Grammar grammar, Rule root) {
    this.grammar = grammar;
    complete = expand(new Place(new Element[] {root}, 0, null), places);
  }

  /** Before an element of an alternative; what comes after it is the parent's. */
  @SuppressWarnings("ArrayRecordComponent") // alternatives are compared by identity, as meant
  private record Place(Element[] alternative, int at, @Nullable Place parent) {}

  /**
   * Adds the places before a byte that this place stands for.
   *
   * @return whether the answer may end here
   */
  private boolean expand(Place place, Set<Place> into) {
    if (into.size() > MOST_PLACES) {
      throw new IllegalStateException("the answer's form can be read in too many ways");
    }
    if (place.at() == place.alternative().length) {
      return place.parent() == null || expand(place.parent(), into);
    }
    return switch (place.alternative()[place.at()]) {
      case OneOf bytes -> {
        into.add(place);
        yield false;
      }
      case Rule rule -> {
        // A rule that ends its alternative needs no way back to it: lists do not pile up.
        boolean last = place.at() + 1 == place.alternative().length;
        var parent =
            last ? place.parent() : new Place(place.alternative(), place.at() + 1, place.parent());
        boolean ends = false;
        for (var alternative : grammar.alternatives(rule)) {
          ends |= expand(new Place(alternative, 0, parent), into);
        }
        yield ends;
      }
    };
  }

  private static boolean matches(Place place, byte b) {
    return place.alternative()[place.at()] instanceof OneOf one && one.bytes().get(b & 0xff);
  }

  @Override
  public boolean allows(byte[] piece) {
    if (piece.length == 0 || !first().get(piece[0] & 0xff)) {
      return false;
    }
    var now = places;
    for (int i = 0; i < piece.length; i++) {
      var next = new LinkedHashSet<Place>();
      boolean ends = false;
      for (var place : now) {
        if (matches(place, piece[i])) {
          ends |= expand(after(place), next);
        }
      }
      // A piece may end the answer, but not go on behind its end.
      if (next.isEmpty()) {
        return ends && i == piece.length - 1;
      }
      now = next;
    }
    return true;
  }

  @Override
  public void accept(byte[] piece) {
    for (byte b : piece) {
      var next = new LinkedHashSet<Place>();
      boolean ends = false;
      for (var place : places) {
        if (matches(place, b)) {
          ends |= expand(after(place), next);
        }
      }
      places = next;
      complete = ends;
      first = null;
    }
  }

  @Override
  public boolean complete() {
    return complete;
  }

  private static Place after(Place place) {
    return new Place(place.alternative(), place.at() + 1, place.parent());
  }

  private BitSet first() {
    if (first == null) {
      first = new BitSet(256);
      for (var place : places) {
        if (place.alternative()[place.at()] instanceof OneOf one) {
          first.or(one.bytes());
        }
      }
    }
    return first;
  }
}
