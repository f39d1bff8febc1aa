package dev.lathe.datasets.store;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.tokens.Example;
import dev.lathe.datasets.tokens.ShardReader;
import dev.lathe.datasets.tokens.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The first examples of a split as a reader sees them: each token's text and whether it counts. */
public record Preview(String dataset, String split, List<Shown> conversations) {

  /**
   * One example.
   *
   * @param judged {@code liked} or {@code disliked} in a preference dataset, else null
   */
  public record Shown(String id, @Nullable String judged, List<Token> tokens) {}

  /**
   * @param text what the token adds to the text; empty when it only begins a character that a later
   *     token ends
   * @param labelled whether it is learned
   */
  public record Token(String text, int id, boolean labelled) {}

  /**
   * @param n conversations at most
   */
  public static Preview of(
      DatasetStore store, DatasetVersion version, Split split, Tokenizer tokenizer, int n) {
    var shown = new ArrayList<Shown>();
    try (var examples = store.folder(version).examples(split)) {
      for (int i = 0; i < Math.min(n, examples.size()); i++) {
        shown.add(shown(examples, i, tokenizer));
      }
    }
    return new Preview(version.dataset(), split.wire(), shown);
  }

  /**
   * Those of the given conversations, in the split's order; of one that was cut into windows all of
   * them.
   *
   * @throws BadInput when the split has none of some id
   */
  public static Preview of(
      DatasetStore store,
      DatasetVersion version,
      Split split,
      Tokenizer tokenizer,
      Set<String> ids) {
    var shown = new ArrayList<Shown>();
    var missing = new TreeSet<>(ids);
    try (var examples = store.folder(version).examples(split)) {
      for (int i = 0; i < examples.size(); i++) {
        var id = examples.example(i).id();
        if (ids.contains(id)) {
          missing.remove(id);
          shown.add(shown(examples, i, tokenizer));
        }
      }
    }
    if (!missing.isEmpty()) {
      throw new BadInput(
          "The split " + split.wire() + " has no such conversation",
          String.join(", ", missing),
          "Try another --split; a run names its conversations as the dataset does.");
    }
    return new Preview(version.dataset(), split.wire(), shown);
  }

  private static Shown shown(ShardReader examples, int place, Tokenizer tokenizer) {
    var example = examples.example(place);
    var judged =
        examples.preferences().map(p -> p.liked().get(place) ? "liked" : "disliked").orElse(null);
    return new Shown(example.id(), judged, tokens(example, tokenizer));
  }

  /** Every token of an example, in order. */
  public static List<Token> tokens(Example example, Tokenizer tokenizer) {
    var tokens = new ArrayList<Token>(example.length());
    int from = 0;
    for (int i = 0; i < example.length(); i++) {
      var text = tokenizer.decode(Arrays.copyOfRange(example.ids(), from, i + 1));
      // Half a character decodes to U+FFFD until its other bytes are there; four bytes at most.
      boolean half = text.endsWith("\uFFFD") && i - from < 3 && i + 1 < example.length();
      // SentencePiece's decoders leave out a space that they take for the text's beginning.
      boolean spaced = from > 0 && tokenizer.token(example.ids()[from]).startsWith("\u2581");
      var whole = spaced && !text.startsWith(" ") ? " " + text : text;
      tokens.add(new Token(half ? "" : whole, example.ids()[i], example.labelled().get(i)));
      from = half ? from : i + 1;
    }
    return tokens;
  }
}
