package dev.lathe.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.checkpoints.bases.AddedTokens;
import dev.lathe.checkpoints.bases.BaseExtension;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.GgufTokenizer;
import dev.lathe.checkpoints.bases.TinyBase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** The tokenizers that {@code checkpoints} makes, read by Hugging Face's library. */
class BaseTokenizersTest {
  private static final String TEXT =
      "Grüße, 日本 १२ 👩‍👩‍👧\t\r\n  42 \u0000\u0004\u001f\u007f <|im_end|>\n";

  @TempDir Path folder;

  @Test
  void theTinyBaseReadsAndWritesEveryText() {
    var tiny = TinyBase.create(new BaseStore(folder));
    try (var tokenizer = Tokenizer.open(tiny.tokenizer())) {
      assertThat(tokenizer.vocabSize()).isEqualTo(tiny.config().vocabSize());
      assertThat(tokenizer.decode(tokenizer.encode(TEXT).ids())).isEqualTo(TEXT);
      assertThat(tokenizer.idOf("<|im_end|>")).hasValue(tiny.config().endTokens().getFirst());
      var turn = tokenizer.encode("<|im_start|>user\nthe 42<|im_end|>");
      assertThat(spelled(tokenizer, turn.ids()))
          .containsExactly("<|im_start|>", "user", "Ċ", "th", "e", "Ġ", "4", "2", "<|im_end|>");
    }
  }

  @Test
  void anAddedTokenIsOneIdWhereverItStands() {
    var store = new BaseStore(folder);
    TinyBase.create(store);
    var tokens = new AddedTokens(List.of("<|order|>", "日本", "SKU-"), false);
    var base = new BaseExtension(store).extend("tiny", tokens, "tiny-desk", null);
    var more = new AddedTokens(List.of("<|end|>"), true);
    var again = new BaseExtension(store).extend("tiny-desk", more, "tiny-desk-2", null);
    try (var tokenizer = Tokenizer.open(again.tokenizer());
        var before = Tokenizer.open(base.tokenizer())) {
      assertThat(before.vocabSize()).isEqualTo(339);
      assertThat(tokenizer.vocabSize()).isEqualTo(340).isEqualTo(again.config().vocabSize());
      var text = "a<|order|> 日本日本 SKU-12<|end|>";
      var ids = tokenizer.encode(text).ids();
      assertThat(spelled(tokenizer, ids))
          .containsExactly("a", "<|order|>", "Ġ", "日本", "日本", "Ġ", "SKU-", "1", "2", "<|end|>");
      assertThat(ids).contains(336, 337, 338, 339);
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }
  }

  @Test
  void smollmKeepsDigitsAndTheBlanksBeforeThemApart() {
    assertThat(pieces("smollm", "a  12")).containsExactly("a", "ĠĠ", "1", "2");
    assertThat(pieces("gpt-2", "a  12")).containsExactly("a", "Ġ", "Ġ", "12");
    assertThat(pieces("default", "a  12")).isEqualTo(pieces("gpt-2", "a  12"));
  }

  @Test
  void llamaTakesThreeDigitsThatAreATokenWithoutMerges() {
    assertThat(pieces("llama-bpe", "12345")).containsExactly("123", "4", "5");
    assertThat(pieces("smollm", "12345")).containsExactly("1", "2", "3", "4", "5");
  }

  @Test
  void qwenComposesCharactersFirst() {
    assertThat(pieces("qwen2", "e\u0301"))
        .isEqualTo(pieces("qwen2", "é"))
        .containsExactly("Ã", "©");
    assertThat(pieces("llama-bpe", "e\u0301")).containsExactly("e", "Ì", "ģ");
    assertThat(pieces("qwen2", "12")).containsExactly("1", "2");
  }

  @Test
  void specialTokensAreFoundWithinAnyText() {
    assertThat(pieces("smollm", "x<|im_end|><think>y"))
        .containsExactly("x", "<|im_end|>", "<think>", "y");
  }

  private List<String> pieces(String pre, String text) {
    var tokens = new ArrayList<>(List.of("<|endoftext|>", "<|im_end|>", "<think>"));
    for (int b = 0; b < 256; b++) {
      tokens.add(ByteLevelTokenizer.spelled(b));
    }
    tokens.addAll(List.of("ĠĠ", "12", "123"));
    var types = new ArrayList<Long>();
    for (int id = 0; id < tokens.size(); id++) {
      types.add(id < 2 ? 3L : id == 2 ? 4L : 1L);
    }
    var metadata = new HashMap<String, Object>();
    metadata.put("tokenizer.ggml.model", "gpt2");
    metadata.put("tokenizer.ggml.pre", pre);
    metadata.put("tokenizer.ggml.tokens", tokens);
    metadata.put("tokenizer.ggml.token_type", types);
    metadata.put("tokenizer.ggml.merges", List.of("Ġ Ġ", "1 2"));
    try {
      var file = folder.resolve(pre + ".json");
      Map<String, Object> json = GgufTokenizer.tokenizerJson(metadata);
      Files.write(file, JsonMapper.shared().writeValueAsBytes(json));
      try (var tokenizer = Tokenizer.open(file)) {
        return spelled(tokenizer, tokenizer.encode(text).ids());
      }
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> spelled(Tokenizer tokenizer, int[] ids) {
    return java.util.Arrays.stream(ids).mapToObj(tokenizer::token).toList();
  }
}
