package dev.lathe.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.TinyBase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PieceCacheTest {
  private static final String LETTERS = " \n\t ab AB019.,!?'\"<|>_-é東🙂\u00a0 s";

  @TempDir Path folder;

  @Test
  void givesExactlyWhatTheTokenizerGives() {
    var file = TinyBase.create(new BaseStore(folder)).tokenizer();
    try (var tokenizer = Tokenizer.open(file)) {
      var cache = new PieceCache(tokenizer, file);
      assertThat(cache.remembers()).isTrue();
      var random = new Random(3);
      for (int i = 0; i < 1_500; i++) {
        var text = new StringBuilder();
        for (int k = random.nextInt(50); k >= 0; k--) {
          int at =
              LETTERS.offsetByCodePoints(
                  0, random.nextInt(LETTERS.codePointCount(0, LETTERS.length())));
          text.appendCodePoint(LETTERS.codePointAt(at));
          text.append(random.nextInt(20) == 0 ? "<|im_end|>" : "");
        }
        var whole = tokenizer.encode(text.toString());
        var pieces = cache.encode(text.toString());
        assertThat(pieces.ids()).as(text.toString()).isEqualTo(whole.ids());
        assertThat(pieces.starts()).as(text.toString()).isEqualTo(whole.starts());
        assertThat(pieces.ends()).as(text.toString()).isEqualTo(whole.ends());
      }
    }
  }

  @Test
  void asksForWholeTextsWhereATokenizerMightReachOverSpaces() throws IOException {
    var made = TinyBase.create(new BaseStore(folder)).tokenizer();
    var other = folder.resolve("tokenizer.json");
    Files.writeString(
        other,
        Files.readString(made)
            .replaceFirst("\"normalizer\" *: *null", "\"normalizer\": {\"type\": \"NFC\"}"));
    try (var tokenizer = Tokenizer.open(other)) {
      var cache = new PieceCache(tokenizer, other);
      assertThat(cache.remembers()).isFalse();
      assertThat(cache.encode("a b").ids()).isEqualTo(tokenizer.encode("a b").ids());
    }
  }
}
