package dev.lathe.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  @TempDir Path folder;

  @Test
  void offsetsAreUtf16UnitsAndCoverEmojiAndJapaneseExactly() {
    try (var tokenizer = ByteLevelTokenizer.open(folder)) {
      var text = "hello 👋🏽 the 日本語é<|im_end|>\n𝒳 end";
      var encoded = tokenizer.encode(text);
      assertThat(tokenizer.decode(encoded.ids())).isEqualTo(text);
      var pieces = new ArrayList<String>();
      for (int i = 0; i < encoded.length(); i++) {
        pieces.add(text.substring(encoded.starts()[i], encoded.ends()[i]));
      }
      assertThat(pieces).contains("hello", "👋", "🏽", " the", "日", "本", "é", "<|im_end|>", "𝒳");
      assertThat(pieces).doesNotContain("");
      assertThat(encoded.ends()[encoded.length() - 1]).isEqualTo(text.length());
      for (int i = 1; i < encoded.length(); i++) {
        assertThat(encoded.starts()[i]).isBetween(encoded.starts()[i - 1], encoded.ends()[i - 1]);
      }
    }
  }

  @Test
  void addsTruncatesAndPadsNothing() {
    try (var tokenizer = ByteLevelTokenizer.open(folder)) {
      assertThat(tokenizer.encode("xyzxyzxyz").length()).isEqualTo(9);
      assertThat(tokenizer.encode("").length()).isZero();
      assertThat(tokenizer.encode("lone \ud83d, nul \0").ends()).endsWith(13);
    }
  }

  @Test
  void knowsItsVocabulary() {
    try (var tokenizer = ByteLevelTokenizer.open(folder)) {
      int end = tokenizer.idOf("<|im_end|>").orElseThrow();
      assertThat(tokenizer.token(end)).isEqualTo("<|im_end|>");
      assertThat(tokenizer.encode("a<|im_end|>").ids()).endsWith(end);
      assertThat(tokenizer.idOf("nothing like it")).isEmpty();
      assertThat(tokenizer.vocabSize()).isGreaterThan(261);
      assertThatThrownBy(() -> tokenizer.decode(new int[] {tokenizer.vocabSize()}))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void severalThreadsEncodeAtOnce() {
    try (var tokenizer = ByteLevelTokenizer.open(folder)) {
      var expected = tokenizer.encode("hello and the 日本語").ids();
      var all =
          IntStream.range(0, 2000)
              .parallel()
              .mapToObj(i -> tokenizer.encode("hello and the 日本語").ids())
              .toList();
      assertThat(all).allMatch(ids -> java.util.Arrays.equals(ids, expected));
    }
  }

  @Test
  void refusesWhatIsNoTokenizer() throws IOException {
    assertThatThrownBy(() -> Tokenizer.open(folder.resolve("none.json")))
        .isInstanceOf(BadInput.class);
    var file =
        Files.writeString(folder.resolve("bad.json"), "{\"model\": {\"vocab\": {\"a\": 0}}}");
    assertThatThrownBy(() -> Tokenizer.open(file)).isInstanceOf(BadInput.class);
    Files.writeString(file, "no JSON");
    assertThatThrownBy(() -> Tokenizer.open(file)).isInstanceOf(BadInput.class);
  }

  @Test
  void tokensWhollyInsideASpanAreLabelledAndStraddlingOnesAreCounted() {
    //                 0  1  2      3      4  5(empty)
    int[] starts = {0, 2, 4, 6, 10, 12};
    int[] ends = {2, 4, 6, 10, 12, 12};
    var tokens = new Encoded(new int[6], starts, ends);
    assertThat(Masking.labels(tokens, List.of(new Span(2, 6))).labelled()).isEqualTo(bits(1, 2));
    // Half of token 1 and of token 3: neither is learnt, both are told of.
    var half = Masking.labels(tokens, List.of(new Span(3, 8)));
    assertThat(half.labelled()).isEqualTo(bits(2));
    assertThat(half.straddling()).isEqualTo(2);
    // Spans that touch are one.
    var touching = Masking.labels(tokens, List.of(new Span(5, 10), new Span(4, 5)));
    assertThat(touching.labelled()).isEqualTo(bits(2, 3));
    assertThat(touching.straddling()).isZero();
    // A token larger than its span.
    assertThat(Masking.labels(tokens, List.of(new Span(7, 8))).straddling()).isEqualTo(1);
    assertThat(Masking.labels(tokens, List.of(new Span(0, 20))).labelled().cardinality())
        .isEqualTo(6);
    assertThat(Masking.labels(tokens, List.of()).labelled().isEmpty()).isTrue();
  }

  @Test
  void aMaskEndsWithTheEndOfTurnTokenInsideEmojiAndJapaneseToo() {
    try (var tokenizer = ByteLevelTokenizer.open(folder)) {
      var text = "<|im_start|>user\n👋🏽<|im_end|>\n<|im_start|>assistant\n日本👋<|im_end|>\n";
      int from = text.indexOf("日");
      int to = text.length() - 1;
      var encoded = tokenizer.encode(text);
      var labels = Masking.labels(encoded, List.of(new Span(from, to)));
      var learnt = labels.labelled().stream().map(i -> encoded.ids()[i]).toArray();
      assertThat(tokenizer.decode(learnt)).isEqualTo("日本👋<|im_end|>");
      assertThat(labels.straddling()).isZero();
    }
  }

  static BitSet bits(int... set) {
    var bits = new BitSet();
    IntStream.of(set).forEach(bits::set);
    return bits;
  }
}
