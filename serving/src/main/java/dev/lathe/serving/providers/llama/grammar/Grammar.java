package dev.lathe.serving.providers.llama.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A context-free grammar over bytes. Rules are added while it is built; a rule may name rules that
 * get their alternatives later. No rule may come back to itself without a byte in between.
 */
final class Grammar {
  private static final int MOST_RULES = 20_000;

  private final List<List<Element[]>> rules = new ArrayList<>();

  /** A part of an alternative. */
  sealed interface Element {}

  /** One byte of a set. */
  record OneOf(BitSet bytes) implements Element {}

  /** Whatever a rule stands for. */
  record Rule(int number) implements Element {}

  /**
   * A rule without alternatives as yet.
   *
   * @throws UnsupportedSchema when there are too many of them
   */
  Rule rule() {
    if (rules.size() == MOST_RULES) {
      throw new UnsupportedSchema("#", "it is too large");
    }
    rules.add(new ArrayList<>());
    return new Rule(rules.size() - 1);
  }

  void or(Rule rule, Element... alternative) {
    rules.get(rule.number()).add(alternative.clone());
  }

  Rule sequence(Element... elements) {
    var rule = rule();
    or(rule, elements);
    return rule;
  }

  Rule any(List<? extends Element> alternatives) {
    var rule = rule();
    alternatives.forEach(a -> or(rule, a));
    return rule;
  }

  /** The element, so often. */
  Rule repeat(Element element, int least, int most) {
    var rest = rule();
    or(rest);
    for (int i = most; i > least; i--) {
      var longer = rule();
      or(longer);
      or(longer, element, rest);
      rest = longer;
    }
    for (int i = 0; i < least; i++) {
      rest = sequence(element, rest);
    }
    return rest;
  }

  /** The element, at least so often. */
  Rule repeat(Element element, int least) {
    var rest = rule();
    or(rest);
    or(rest, element, rest);
    for (int i = 0; i < least; i++) {
      rest = sequence(element, rest);
    }
    return rest;
  }

  /**
   * @throws UnsupportedSchema where a rule comes back to itself without a byte in between
   */
  void requireProgress() {
    var empty = new BitSet();
    boolean more = true;
    while (more) {
      more = false;
      for (int i = 0; i < rules.size(); i++) {
        if (!empty.get(i) && rules.get(i).stream().anyMatch(a -> allEmpty(a, empty))) {
          empty.set(i);
          more = true;
        }
      }
    }
    var done = new BitSet();
    for (int i = 0; i < rules.size(); i++) {
      follow(i, empty, new BitSet(), done);
    }
  }

  private static boolean allEmpty(Element[] alternative, BitSet empty) {
    for (var element : alternative) {
      if (!(element instanceof Rule rule && empty.get(rule.number()))) {
        return false;
      }
    }
    return true;
  }

  private void follow(int rule, BitSet empty, BitSet path, BitSet done) {
    if (path.get(rule)) {
      throw new UnsupportedSchema("#", "a part of it refers to itself and nothing else");
    }
    if (done.get(rule)) {
      return;
    }
    path.set(rule);
    for (var alternative : rules.get(rule)) {
      for (var element : alternative) {
        if (!(element instanceof Rule next)) {
          break;
        }
        follow(next.number(), empty, path, done);
        if (!empty.get(next.number())) {
          break;
        }
      }
    }
    path.clear(rule);
    done.set(rule);
  }

  Rule text(String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    var elements = new Element[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      elements[i] = range(bytes[i] & 0xff, bytes[i] & 0xff);
    }
    return sequence(elements);
  }

  static OneOf range(int from, int to) {
    var set = new BitSet(256);
    set.set(from, to + 1);
    return new OneOf(set);
  }

  static OneOf of(String characters) {
    var set = new BitSet(256);
    characters.chars().forEach(set::set);
    return new OneOf(set);
  }

  List<Element[]> alternatives(Rule rule) {
    return rules.get(rule.number());
  }
}
