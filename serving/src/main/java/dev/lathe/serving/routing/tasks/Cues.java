package dev.lathe.serving.routing.tasks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Words and phrases that tell of a kind of work, as files of this folder list them, and where they
 * stand in a text. A line is {@code NAME WEIGHT: cue, cue, …}. A cue is found at word boundaries,
 * whatever its case and accents; {@code *} stands for the rest of a word. Scripts that write
 * without spaces have no boundaries.
 */
final class Cues {
  private static final List<String> LANGUAGES = List.of("en", "de", "fr", "es", "ja", "zh");

  /** What a cue says: a name of the files, with how much it weighs. */
  record Cue(String name, double weight, String text) {}

  /** A cue at a place of the text. */
  record Found(Cue cue, int from, int to) {}

  private static final class Node {
    private char[] keys = {};
    private Node[] next = {};
    private List<Cue> ends = List.of();
    private List<Cue> stems = List.of();

    @Nullable Node at(char c) {
      for (int i = 0; i < keys.length; i++) {
        if (keys[i] == c) {
          return next[i];
        }
      }
      return null;
    }

    Node grow(char c) {
      var there = at(c);
      if (there != null) {
        return there;
      }
      keys = Arrays.copyOf(keys, keys.length + 1);
      next = Arrays.copyOf(next, next.length + 1);
      keys[keys.length - 1] = c;
      return next[next.length - 1] = new Node();
    }
  }

  private final Map<Character, Node> roots = new HashMap<>();

  /** The cues of every language. */
  static Cues all() {
    var cues = new Cues();
    LANGUAGES.forEach(l -> cues.read("cues/" + l + ".txt"));
    return cues;
  }

  private void read(String file) {
    try (var in = Cues.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("no cues: " + file);
      }
      new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(this::line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void line(String line) {
    if (line.isBlank() || line.startsWith("#")) {
      return;
    }
    var parts = line.split(": ", 2);
    var head = parts[0].split(" ");
    for (var text : parts[1].split(", ")) {
      add(new Cue(head[0], Double.parseDouble(head[1]), text.strip()));
    }
  }

  private void add(Cue cue) {
    boolean stem = cue.text().endsWith("*");
    var text = stem ? cue.text().substring(0, cue.text().length() - 1) : cue.text();
    var node = roots.computeIfAbsent(folded(text.charAt(0)), c -> new Node());
    for (int i = 1; i < text.length(); i++) {
      node = node.grow(folded(text.charAt(i)));
    }
    if (stem) {
      node.stems = plus(node.stems, cue);
    } else {
      node.ends = plus(node.ends, cue);
    }
  }

  private static List<Cue> plus(List<Cue> cues, Cue cue) {
    var all = new ArrayList<>(cues);
    all.add(cue);
    return List.copyOf(all);
  }

  /** Every cue in the text, in its order; of two that begin at one place, the longer one. */
  List<Found> in(String text) {
    var found = new ArrayList<Found>();
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = folded(text.charAt(i));
      if (!inWord) {
        var longest = at(text, i, c);
        if (longest != null) {
          found.add(longest);
        }
      }
      inWord = spelled(c);
    }
    return found;
  }

  private @Nullable Found at(String text, int from, char first) {
    var node = roots.get(first);
    Found longest = null;
    for (int i = from + 1; node != null; i++) {
      boolean end = i >= text.length();
      char next = end ? ' ' : folded(text.charAt(i));
      var here =
          !node.ends.isEmpty() && !(spelled(folded(text.charAt(i - 1))) && spelled(next))
              ? node.ends
              : node.stems;
      for (var cue : here) {
        longest = new Found(cue, from, i);
      }
      node = end ? null : node.at(next);
    }
    return longest;
  }

  /** Whether a letter belongs to a word that spaces end. */
  private static boolean spelled(char c) {
    return c < 0x2E80 && Character.isLetterOrDigit(c);
  }

  private static final char[] FOLDED = new char[0x250];

  static {
    for (char c = 0; c < FOLDED.length; c++) {
      var plain =
          java.text.Normalizer.normalize(
              String.valueOf(c).toLowerCase(Locale.ROOT), java.text.Normalizer.Form.NFD);
      FOLDED[c] = Character.isWhitespace(c) ? ' ' : plain.charAt(0);
    }
  }

  /** Lower case without accents, and the plain one of several apostrophes, spaces and dashes. */
  static char folded(char c) {
    if (c < FOLDED.length) {
      return FOLDED[c];
    }
    return switch (c) {
      case '\u2019', '\u2018' -> '\'';
      case '\u3000', '\u202F' -> ' ';
      default -> c >= 0xFF01 && c <= 0xFF5E ? FOLDED[c - 0xFEE0] : Character.toLowerCase(c);
    };
  }
}
