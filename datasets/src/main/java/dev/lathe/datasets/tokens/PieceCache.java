package dev.lathe.datasets.tokens;

import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The same tokens as {@link Tokenizer#encode} gives, several times faster, for tokenizers that are
 * known to treat the pieces of a text apart: it is cut where they cut too, and what a piece became
 * is remembered, since most words of a log were there before.
 *
 * <p>Byte-level BPE with one of the GPT pre-tokenizing patterns never lets a token reach over a
 * single space's front, nor over the edge of an added token. That is read from {@code
 * tokenizer.json} and then tried on a probe, offsets included; any other tokenizer is asked for
 * whole texts. Any number of threads may use it.
 */
public final class PieceCache {
  private static final int LONGEST = 48;
  private static final int MOST = 500_000;
  private static final String PROBE =
      "Hello there, it's 12 o'clock (or 3.50 €) - don't \"go\" a 7th  time!\nNew line\n\n  two. x =y\t"
          + "Größe naïve 東京 🙂 end. ";

  private final Tokenizer tokenizer;
  private final boolean apart;
  private final String[] added;
  private final boolean[] begins = new boolean[128];
  private final Map<String, Encoded> pieces = new ConcurrentHashMap<>();

  /**
   * @param file the {@code tokenizer.json} that {@code tokenizer} was opened from
   */
  public PieceCache(Tokenizer tokenizer, Path file) {
    this.tokenizer = tokenizer;
    var root = read(file);
    this.added = added(root);
    for (var token : added) {
      begins[token.charAt(0)] = true;
    }
    this.apart = cutsAtSpaces(root) && holds(PROBE + String.join(" a", added) + PROBE);
  }

  private static JsonNode read(Path file) {
    try {
      return JsonMapper.shared().readTree(file.toFile());
    } catch (JacksonException e) {
      throw new BadInput(
          "not JSON: " + e.getOriginalMessage(), file.toString(), "Pull the base again.", e);
    }
  }

  /** Those whose edges always cut, the longest first; a token with side effects rules all out. */
  private static String[] added(JsonNode root) {
    var contents = new ArrayList<String>();
    for (var token : root.path("added_tokens")) {
      contents.add(token.path("content").asString());
    }
    return contents.stream()
        .filter(c -> !c.isEmpty() && c.charAt(0) < 128)
        .sorted(Comparator.comparingInt(String::length).reversed())
        .toArray(String[]::new);
  }

  private static boolean cutsAtSpaces(JsonNode root) {
    for (var token : root.path("added_tokens")) {
      boolean plain =
          !token.path("lstrip").asBoolean(false)
              && !token.path("rstrip").asBoolean(false)
              && !token.path("single_word").asBoolean(false);
      if (!plain || token.path("content").asString().indexOf(' ') >= 0) {
        return false;
      }
    }
    var model = root.path("model");
    boolean words =
        model.path("type").asString("").equals("BPE") && model.path("dropout").asDouble(0) == 0;
    return words && root.path("normalizer").isNull() && pattern(root.path("pre_tokenizer"));
  }

  /** Whether a GPT pattern cuts the text: ByteLevel's own, or a Split by one like it. */
  private static boolean pattern(JsonNode pre) {
    if (pre.path("type").asString("").equals("Sequence")) {
      var steps = new ArrayList<JsonNode>();
      pre.path("pretokenizers").forEach(steps::add);
      boolean known =
          steps.stream()
              .map(s -> s.path("type").asString(""))
              .allMatch(List.of("Digits", "Split", "ByteLevel")::contains);
      return known && steps.stream().anyMatch(PieceCache::pattern);
    }
    var split = pre.path("pattern").path("Regex").asString("");
    return switch (pre.path("type").asString("")) {
      case "ByteLevel" ->
          pre.path("use_regex").asBoolean(true) && !pre.path("add_prefix_space").asBoolean(true);
      case "Split" ->
          split.contains("'s|'t|'re|'ve|'m|'ll|'d") && split.contains("\\s+(?!\\S)|\\s+");
      default -> false;
    };
  }

  private boolean holds(String probe) {
    var whole = tokenizer.encode(probe);
    var joined = joined(probe);
    return Arrays.equals(whole.ids(), joined.ids())
        && Arrays.equals(whole.starts(), joined.starts())
        && Arrays.equals(whole.ends(), joined.ends());
  }

  /** Whether pieces are remembered, or whole texts are tokenized each time. */
  public boolean remembers() {
    return apart;
  }

  /** Exactly what {@link Tokenizer#encode} gives. */
  public Encoded encode(String text) {
    return apart ? joined(text) : tokenizer.encode(text);
  }

  private Encoded joined(String text) {
    var out = new Growing(text.length() / 3 + 16);
    int from = 0;
    int i = 0;
    while (i < text.length()) {
      char c = text.charAt(i);
      int token = c < 128 && begins[c] ? addedAt(text, i) : 0;
      if (token > 0) {
        piece(text, from, i, out);
        out.add(part(text.substring(i, i + token)), i);
        i += token;
        from = i;
      } else {
        if (c == ' ' && i > from && visible(text, i - 1) && visible(text, i + 1)) {
          piece(text, from, i, out);
          from = i;
        }
        i++;
      }
    }
    piece(text, from, text.length(), out);
    return out.encoded();
  }

  private int addedAt(String text, int at) {
    for (var token : added) {
      if (text.startsWith(token, at)) {
        return token.length();
      }
    }
    return 0;
  }

  /** Printable ASCII, about which no two patterns differ. */
  private static boolean visible(String text, int at) {
    return at < text.length() && text.charAt(at) > ' ' && text.charAt(at) < 127;
  }

  private void piece(String text, int from, int to, Growing out) {
    if (from == to) {
      return;
    }
    var piece = text.substring(from, to);
    var known = pieces.get(piece);
    if (known == null) {
      known = finer(piece);
      remember(piece, known);
    }
    out.add(known, from);
  }

  /** A piece not seen before, cut further where a word ends: its parts may have been there. */
  private Encoded finer(String piece) {
    Growing parts = null;
    int from = 0;
    for (int i = 1; i < piece.length(); i++) {
      if (endsWord(piece.charAt(i - 1), piece.charAt(i))) {
        parts = parts == null ? new Growing(piece.length()) : parts;
        parts.add(part(piece.substring(from, i)), from);
        from = i;
      }
    }
    if (parts == null) {
      return tokenizer.encode(piece);
    }
    parts.add(part(piece.substring(from)), from);
    return parts.encoded();
  }

  private Encoded part(String part) {
    var known = pieces.get(part);
    if (known == null) {
      known = tokenizer.encode(part);
      remember(part, known);
    }
    return known;
  }

  private void remember(String piece, Encoded tokens) {
    if (piece.length() <= LONGEST && pieces.size() < MOST) {
      pieces.put(piece, tokens);
    }
  }

  /** A letter before punctuation. Not an apostrophe: patterns differ about contractions. */
  private static boolean endsWord(char before, char after) {
    boolean letter = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z');
    boolean punctuation =
        (after > ' ' && after < '0' && after != '\'')
            || (after > '9' && after < 'A')
            || (after > 'Z' && after < 'a')
            || (after > 'z' && after < 127);
    return letter && punctuation;
  }

  private static final class Growing {
    private int[] ids;
    private int[] starts;
    private int[] ends;
    private int size;

    Growing(int room) {
      ids = new int[room];
      starts = new int[room];
      ends = new int[room];
    }

    void add(Encoded piece, int shift) {
      int n = piece.length();
      if (size + n > ids.length) {
        int room = Math.max(2 * ids.length, size + n);
        ids = Arrays.copyOf(ids, room);
        starts = Arrays.copyOf(starts, room);
        ends = Arrays.copyOf(ends, room);
      }
      for (int i = 0; i < n; i++) {
        ids[size] = piece.ids()[i];
        starts[size] = piece.starts()[i] + shift;
        ends[size++] = piece.ends()[i] + shift;
      }
    }

    Encoded encoded() {
      return new Encoded(
          Arrays.copyOf(ids, size), Arrays.copyOf(starts, size), Arrays.copyOf(ends, size));
    }
  }
}
