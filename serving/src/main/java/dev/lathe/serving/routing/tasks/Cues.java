package dev.lathe.serving.routing.tasks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Words and phrases that tell of a kind of work, as the files of {@code cues/} list them, and where
 * they stand in a text.
 *
 * <p>A line is {@code NAME WEIGHT: cue, cue, …}. A cue is found at word boundaries, whatever its
 * case and accents; {@code *} at its end stands for the rest of a word, {@code (a|b)} for either,
 * {@code (a)?} for perhaps. Scripts that write without spaces have no boundaries. Lines that begin
 * with {@code #} are comments.
 */
final class Cues {
  private static final List<String> LANGUAGES = List.of("en", "de", "fr", "es", "ja", "zh");
  private static final Pattern EITHER = Pattern.compile("\\(([^()]*)\\)(\\??)");

  /** Names that say nothing of the kind of work: how hard it is, and how much is asked for. */
  private static final Set<String> DEGREES = Set.of("hard", "easy", "personal", "condition");

  private static final Set<String> STEPS = Set.of("verb", "either");
  private static final int LAYERS = 3;

  /** What a cue says: a name of the files, and how much it weighs. */
  record Cue(String name, double weight, Optional<TaskClass> task) {
    Cue(String name, double weight) {
      this(name, weight, TaskClass.ofWireName(name));
    }
  }

  /** A place of the text and all that it says. */
  record Found(List<Cue> cues, int from, int to) {
    /** As the user wrote it, but for capitals. */
    String words(String text) {
      return text.substring(from, to).toLowerCase(Locale.ROOT);
    }
  }

  /** What ends at a node, as a whole word or as the beginning of one. */
  private static final class Ends {
    private List<Cue> words = List.of();
    private List<Cue> stems = List.of();

    void add(Cue cue, boolean stem) {
      if (stem) {
        stems = with(stems, cue);
      } else {
        words = with(words, cue);
      }
    }

    List<Cue> at(boolean wordEnds) {
      return wordEnds && !words.isEmpty() ? words : stems;
    }

    /** One cue a name: languages share words. */
    private static List<Cue> with(List<Cue> cues, Cue cue) {
      return cues.stream().anyMatch(c -> c.name().equals(cue.name()))
          ? cues
          : Stream.concat(cues.stream(), Stream.of(cue)).toList();
    }
  }

  private static final class Node {
    private char[] keys = {};
    private Node[] next = {};
    private boolean ending;
    private final Ends[] layers = {new Ends(), new Ends(), new Ends()};

    @Nullable Node at(char c) {
      for (int i = 0; i < keys.length; i++) {
        if (keys[i] == c) {
          return next[i];
        }
      }
      return null;
    }

    Node grown(char c) {
      var there = at(c);
      if (there != null) {
        return there;
      }
      keys = Arrays.copyOf(keys, keys.length + 1);
      next = Arrays.copyOf(next, next.length + 1);
      keys[keys.length - 1] = c;
      var node = new Node();
      next[next.length - 1] = node;
      return node;
    }
  }

  private final @Nullable Node[] roots = new Node[1 << Character.SIZE];

  /** The cues of every language. */
  static Cues all() {
    var cues = new Cues();
    LANGUAGES.forEach(l -> lines("cues/" + l + ".txt").forEach(cues::line));
    return cues;
  }

  private static List<String> lines(String file) {
    try (var in = Cues.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("no such resource: " + file);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void line(String line) {
    if (line.isBlank() || line.startsWith("#")) {
      return;
    }
    int colon = line.indexOf(": ");
    int space = line.indexOf(' ');
    var cue = new Cue(line.substring(0, space), Double.parseDouble(line.substring(space, colon)));
    Stream.of(line.substring(colon + 2).split(", "))
        .flatMap(Cues::spelledOut)
        .forEach(text -> add(text.strip(), cue));
  }

  private static Stream<String> spelledOut(String text) {
    var either = EITHER.matcher(text);
    if (!either.find()) {
      return Stream.of(text);
    }
    var before = text.substring(0, either.start());
    var after = text.substring(either.end());
    var perhaps = either.group(2).isEmpty() ? Stream.<String>of() : Stream.of("");
    return Stream.concat(Stream.of(either.group(1).split("\\|", -1)), perhaps)
        .flatMap(choice -> spelledOut(before + choice + after));
  }

  private void add(String text, Cue cue) {
    boolean stem = text.endsWith("*");
    int length = text.length() - (stem ? 1 : 0);
    char first = Letters.folded(text.charAt(0));
    var node = roots[first];
    if (node == null) {
      node = new Node();
      roots[first] = node;
    }
    for (int i = 1; i < length; i++) {
      node = node.grown(Letters.folded(text.charAt(i)));
    }
    node.ending = true;
    node.layers[layer(cue.name())].add(cue, stem);
  }

  private static int layer(String name) {
    return DEGREES.contains(name) ? 1 : STEPS.contains(name) ? 2 : 0;
  }

  /**
   * From left to right, at each place the longest. Cues of a layer do not overlap: "write a
   * function" is not also "write".
   */
  List<Found> in(String text) {
    var found = new ArrayList<Found>();
    int[] until = new int[LAYERS];
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = Letters.folded(text.charAt(i));
      var root = inWord ? null : roots[c];
      if (root != null) {
        at(text, i, root, until, found);
      }
      inWord = Letters.spaced(c);
    }
    return found;
  }

  private static void at(String text, int from, Node root, int[] until, List<Found> found) {
    var longest = new Found[LAYERS];
    @Nullable Node node = root;
    for (int i = from + 1; node != null; i++) {
      char next = i < text.length() ? Letters.folded(text.charAt(i)) : ' ';
      if (node.ending) {
        boolean inside = Letters.spaced(next) && Letters.spaced(Letters.folded(text.charAt(i - 1)));
        for (int layer = 0; layer < LAYERS; layer++) {
          var here = node.layers[layer].at(!inside);
          if (!here.isEmpty() && from >= until[layer]) {
            longest[layer] = new Found(here, from, i);
          }
        }
      }
      node = i < text.length() ? node.at(next) : null;
    }
    for (int layer = 0; layer < LAYERS; layer++) {
      if (longest[layer] != null) {
        until[layer] = longest[layer].to();
        found.add(longest[layer]);
      }
    }
  }
}
