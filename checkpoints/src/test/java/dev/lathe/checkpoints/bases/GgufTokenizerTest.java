package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class GgufTokenizerTest {
  @TempDir Path folder;

  @Test
  void writesWhatHuggingFaceReads() throws Exception {
    var json = tree(GgufTokenizer.tokenizerJson(metadata("smollm")));

    assertThat(json.at("/model/type").asString()).isEqualTo("BPE");
    assertThat(json.at("/model/vocab").size()).isEqualTo(SmallGguf.tokens().size());
    assertThat(json.at("/model/vocab/Ġthe").asInt()).isEqualTo(262);
    assertThat(json.at("/model/merges").toString()).isEqualTo("[\"Ġ t\",\"h e\",\"Ġt he\"]");
    assertThat(json.at("/pre_tokenizer/pretokenizers/0/type").asString()).isEqualTo("Digits");
    assertThat(json.at("/decoder/type").asString()).isEqualTo("ByteLevel");
  }

  @Test
  void controlTokensAreSpecialAndUserDefinedOnesOnlyWhole() throws Exception {
    var added = tree(GgufTokenizer.tokenizerJson(metadata("smollm"))).path("added_tokens");

    assertThat(added.valueStream().map(t -> t.path("content").asString()))
        .containsExactly("<|end|>", "<|from|>", "<|to|>", "<think>");
    assertThat(added.valueStream().map(t -> t.path("special").asBoolean()))
        .containsExactly(true, true, true, false);
  }

  @Test
  void eachPreTokenizerIsTheModelsOwn() throws Exception {
    assertThat(pre("gpt-2").path("type").asString()).isEqualTo("ByteLevel");
    assertThat(pre("default")).isEqualTo(pre("gpt-2"));
    assertThat(pre("llama-bpe").at("/pretokenizers/0/pattern/Regex").asString())
        .contains("\\p{N}{1,3}");
    assertThat(pre("qwen2").at("/pretokenizers/0/pattern/Regex").asString())
        .contains("\\p{N}|")
        .doesNotContain("{1,3}");
    assertThat(
            tree(GgufTokenizer.tokenizerJson(metadata("qwen2"))).at("/normalizer/type").asString())
        .isEqualTo("NFC");
  }

  @Test
  void prependsTheBeginTokenWhereTheFileSaysSo() throws Exception {
    var metadata = new HashMap<>(metadata("llama-bpe"));
    metadata.put("tokenizer.ggml.add_bos_token", true);

    var processor = tree(GgufTokenizer.tokenizerJson(metadata)).path("post_processor");

    assertThat(processor.at("/single/0/SpecialToken/id").asString()).isEqualTo("<|from|>");
    assertThat(processor.at("/special_tokens/<|from|>/ids/0").asInt()).isEqualTo(1);
  }

  @Test
  void refusesAnUnknownPreTokenizerInsteadOfGuessing() throws Exception {
    var metadata = metadata("smolm");

    assertThatThrownBy(() -> GgufTokenizer.tokenizerJson(metadata))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("tokenizer.ggml.pre = smolm")
        .hasMessageContaining("Did you mean 'smollm'?");
  }

  @Test
  void refusesTokenizersThatContradictThemselves() throws Exception {
    refused("tokenizer.ggml.model", "llama", "no byte-level BPE");
    refused("tokenizer.ggml.merges", List.of("Ġ zz"), "a merge of what are no tokens: Ġ zz");
    refused("tokenizer.ggml.merges", List.of("the"), "a merge without two parts: the");
    refused("tokenizer.ggml.tokens", List.of("a", "a"), "stands there twice: a");
    refused("tokenizer.ggml.tokens", List.of(1L), "list of another type");
    refused("tokenizer.ggml.token_type", List.of(1L), "263 tokens, but types for 1");
  }

  @Test
  void configHasHuggingFacesNamesAndTheFloatsAsTheyWereWritten() throws Exception {
    var config = GgufModel.config(metadata("smollm"), Set.of("token_embd.weight"));

    assertThat(config)
        .containsEntry("model_type", "llama")
        .containsEntry("rms_norm_eps", 1e-5)
        .containsEntry("rope_theta", 100_000.0)
        .containsEntry("head_dim", 4)
        .containsEntry("tie_word_embeddings", true)
        .containsEntry("vocab_size", 263);
    assertThat(GgufModel.config(metadata("smollm"), Set.of("output.weight")))
        .containsEntry("tie_word_embeddings", false);
  }

  @Test
  void refusesPositionsThatAreScaledAndOtherArchitectures() throws Exception {
    var metadata = new HashMap<>(metadata("smollm"));
    assertThatThrownBy(() -> GgufModel.config(metadata, Set.of("rope_freqs.weight")))
        .isInstanceOf(BadInput.class);
    metadata.put("general.architecture", "mamba");
    assertThatThrownBy(() -> GgufModel.config(metadata, Set.of()))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("mamba");
  }

  private void refused(String key, Object value, String said) throws Exception {
    var metadata = new HashMap<>(metadata("smollm"));
    metadata.put(key, value);
    assertThatThrownBy(() -> GgufTokenizer.tokenizerJson(metadata))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(said);
  }

  private JsonNode pre(String name) throws Exception {
    return tree(GgufTokenizer.tokenizerJson(metadata(name))).path("pre_tokenizer");
  }

  private Map<String, Object> metadata(String pre) throws Exception {
    var path = Files.write(folder.resolve(pre + ".gguf"), SmallGguf.bytes(pre));
    try (var gguf = GgufFile.open(path)) {
      return gguf.metadata();
    }
  }

  private static JsonNode tree(Map<String, Object> json) {
    return JsonMapper.shared().valueToTree(json);
  }
}
