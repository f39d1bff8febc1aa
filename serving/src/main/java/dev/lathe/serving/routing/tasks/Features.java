package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.wire.ChatRequest;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A request as a sparse vector: words, pairs of words and runs of letters of the last message, what
 * the cues say ({@link Cues}), and its shape. Each is hashed to one of {@link #BUCKETS} places, so
 * that no dictionary is needed and unknown words share letters with known ones.
 */
final class Features {
  static final int BUCKETS = 1 << 14;
  private static final int MOST = 6_000;

  /** Of a long message as much as this: the begin and the end, where the instruction stands. */
  private static final int LOOKED_AT = 1_200;

  private static final Cues CUES = Cues.all();

  private int size;
  private int[] buckets = new int[512];
  private float[] values = new float[512];

  /** Where in which text a feature stands, to be told; texts are numbered. */
  private int[] places = new int[512];

  private String[] texts = {};

  private Features() {}

  static Features of(ChatRequest request) {
    var text = RequestText.of(request);
    var asked = ends(text.asked());
    var f = new Features();
    f.texts = new String[] {asked, text.system(), text.before()};
    f.letters(0, 'a', 1);
    f.letters(1, 's', 0.7f);
    f.letters(2, 'b', 0.4f);
    f.cues(0, 'c', Emphasis.of(asked));
    f.cues(1, 'd', null);
    f.shape(text);
    return f;
  }

  private static String ends(String text) {
    int half = LOOKED_AT / 2;
    return text.length() <= LOOKED_AT
        ? text
        : text.substring(0, half) + "\n" + text.substring(text.length() - half);
  }

  int size() {
    return size;
  }

  int bucket(int i) {
    return buckets[i];
  }

  float value(int i) {
    return values[i];
  }

  /** What a person would call it. */
  String name(int i) {
    int from = places[i] >>> 12 & 0xFFFF;
    int text = places[i] >>> 28;
    int length = places[i] & 0xFFF;
    return text == 15
        ? SHAPES[from]
        : texts[text].substring(from, from + length).strip().toLowerCase(Locale.ROOT);
  }

  private static final String[] SHAPES = {
    "always",
    "tools",
    "tools that change files",
    "a tool's result",
    "a JSON answer",
    "a dialogue",
    "?",
    "looks like code",
    "a formula",
    "algebra",
    "quantities",
    "a list",
    "length",
    "a text beside"
  };

  private void shape(RequestText text) {
    var asked = text.asked();
    var emphasis = Emphasis.of(asked);
    int beside = asked.length() - emphasis.said();
    sign(0, true);
    sign(1, text.tools() > 0);
    sign(2, text.works());
    sign(3, text.toolResults());
    sign(4, text.structured());
    sign(5, text.turns() > 0);
    sign(6, Signs.question(asked));
    sign(7, Signs.code(asked));
    sign(8, Signs.formula(asked));
    sign(9, Signs.algebra(asked));
    sign(10, Signs.sum(asked));
    sign(11, Signs.items(asked) >= 4);
    number(12, Letters.dense(asked) ? emphasis.said() * 5 / 2 : emphasis.said());
    number(13, beside);
  }

  private void sign(int shape, boolean there) {
    if (there) {
      add(hash(shape, 1), 1, 15, shape, 0);
    }
  }

  /** One feature a power of two. */
  private void number(int shape, int n) {
    add(hash(shape, 100 + 32 - Integer.numberOfLeadingZeros(n)), 1, 15, shape, 0);
  }

  private void cues(int text, char kind, @Nullable Emphasis emphasis) {
    for (var found : CUES.in(texts[text])) {
      if (emphasis != null && !emphasis.says(found.from())) {
        continue;
      }
      for (var cue : found.cues()) {
        add(
            hash(kind, cue.name().hashCode()),
            (float) (0.3 * Math.min(cue.weight(), 3)),
            text,
            found.from(),
            found.to() - found.from());
      }
    }
  }

  /** Words, pairs of words, and runs of three and four letters; of dense scripts one to three. */
  private void letters(int text, char kind, float weight) {
    var t = texts[text];
    int first = size;
    int previous = 0;
    int previousFrom = 0;
    for (int i = 0; i < t.length(); ) {
      char c = Letters.folded(t.charAt(i));
      if (!Letters.spaced(c)) {
        if (Letters.unspaced(c)) {
          runs(text, kind, i, Math.min(t.length(), i + 3), 1);
        }
        i++;
        continue;
      }
      int from = i;
      int word = kind;
      while (i < t.length() && Letters.spaced(c = Letters.folded(t.charAt(i)))) {
        word = hash(word, Character.isDigit(c) ? '0' : c);
        i++;
      }
      add(hash(word, 1), 2, text, from, i - from);
      if (previous != 0) {
        add(hash(word, previous), 1, text, previousFrom, i - previousFrom);
      }
      for (int k = from; k < i - 2; k++) {
        runs(text, kind, k, Math.min(i, k + 4), 3);
      }
      previous = word;
      previousFrom = from;
    }
    double norm = 0;
    for (int i = first; i < size; i++) {
      norm += values[i] * values[i];
    }
    for (int i = first; i < size; i++) {
      values[i] *= (float) (2 * weight / Math.sqrt(norm));
    }
  }

  private void runs(int text, char kind, int from, int to, int least) {
    int run = hash(kind, 7);
    for (int i = from; i < to; i++) {
      run = hash(run, Letters.folded(texts[text].charAt(i)));
      if (i - from + 1 >= least) {
        add(hash(run, 2), 0.5f, text, from, i + 1 - from);
      }
    }
  }

  private void add(int hash, float value, int text, int from, int length) {
    if (size == MOST) {
      return;
    }
    if (size == buckets.length) {
      buckets = Arrays.copyOf(buckets, 2 * size);
      values = Arrays.copyOf(values, 2 * size);
      places = Arrays.copyOf(places, 2 * size);
    }
    buckets[size] = (hash ^ hash >>> 16) & BUCKETS - 1;
    values[size] = value;
    places[size] = text << 28 | from << 12 | Math.min(length, 0xFFF);
    size++;
  }

  /** A step of MurmurHash3's mixing (Appleby, public domain): files depend on it. */
  private static int hash(int seed, int value) {
    int k = value * 0xCC9E2D51;
    k = Integer.rotateLeft(k, 15) * 0x1B873593;
    return Integer.rotateLeft(seed ^ k, 13) * 5 + 0xE6546B64;
  }
}
