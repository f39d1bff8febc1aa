package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelConfigsTest {
  private static final String SMOL =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "bos_token_id": 1,
       "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 576, "intermediate_size": 1536,
       "max_position_embeddings": 8192, "num_attention_heads": 9, "num_hidden_layers": 30,
       "num_key_value_heads": 3, "rms_norm_eps": 1e-05, "rope_theta": 100000, "rope_scaling": null,
       "attention_bias": false, "tie_word_embeddings": true, "vocab_size": 49152}
      """;

  @TempDir Path folder;

  private ModelConfig read(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json);
    return ModelConfigs.read(folder);
  }

  private void refused(String json, String... why) {
    assertThatThrownBy(() -> read(json)).isInstanceOf(BadInput.class).hasMessageContainingAll(why);
  }

  @Test
  void readsWhatTheMathematicsNeeds() throws IOException {
    assertThat(read(SMOL))
        .isEqualTo(
            ModelConfig.llama(
                49152, 576, 1536, 30, 9, 3, 64, 1e-5, 100_000, 8192, true, 1, List.of(2)));
  }

  @Test
  void readsRopeWhereNewerTransformersPutIt() throws IOException {
    var config =
        read(
            SMOL.replace(
                "\"rope_theta\": 100000, \"rope_scaling\": null",
                "\"rope_parameters\": {\"rope_theta\": 5e5, \"rope_type\": \"default\"}"));
    assertThat(config.rotaries().getFirst().theta()).isEqualTo(500_000);
  }

  @Test
  void fillsInWhatHuggingFaceFillsIn() throws IOException {
    var config =
        read(
            """
            {"model_type": "llama", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 8,
             "num_hidden_layers": 1, "num_attention_heads": 4, "eos_token_id": [3, 2]}
            """);
    assertThat(config)
        .isEqualTo(
            ModelConfig.llama(
                100, 64, 8, 1, 4, 4, 16, 1e-6, 10_000, 2048, false, -1, List.of(2, 3)));
  }

  @Test
  void takesTheEndTokensOfTheGenerationConfigWhenItHasSome() throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [7, 2]}");
    assertThat(read(SMOL).endTokens()).containsExactly(2, 7);
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": null}");
    assertThat(read(SMOL).endTokens()).containsExactly(2);
  }

  @Test
  void namesAnArchitectureThatItDoesNotKnowAndThoseItDoes() {
    refused(
        SMOL.replace("\"llama\"", "\"mamba2\""),
        "not supported",
        "mamba2",
        "Known: gemma, gemma2",
        "llama");
    refused(SMOL.replace("\"llama\"", "\"lama\""), "Did you mean 'llama'");
    refused("{}", "no model_type");
  }

  @Test
  void reportsAllThatIsMissingOrWrongAtOnce() {
    refused(
        """
        {"model_type": "llama", "vocab_size": "many", "hidden_size": -1, "num_attention_heads": 1.5,
         "rms_norm_eps": 0, "tie_word_embeddings": "yes", "eos_token_id": -1}
        """,
        "vocab_size is \"many\"",
        "hidden_size is -1",
        "num_attention_heads is 1.5",
        "intermediate_size is missing",
        "num_hidden_layers is missing",
        "rms_norm_eps is 0",
        "tie_word_embeddings is \"yes\"",
        "eos_token_id is -1");
  }

  @Test
  void refusesWhatCannotBe() {
    refused(SMOL.replace("silu", "relu"), "hidden_act is relu", "gelu_new");
    refused(
        SMOL.replace("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"yam\"}"),
        "rope_scaling has the type yam",
        "Did you mean 'yarn'");
    refused(
        SMOL.replace("\"eos_token_id\": 2", "\"eos_token_id\": 49152"), "eos_token_id is 49152");
    refused(SMOL.replace("heads\": 3", "heads\": 4"), "9 num_attention_heads cannot share 4");
    refused(SMOL.replace("\"eos_token_id\": 2,", ""), "eos_token_id is missing");
  }

  @Test
  void readsWhatSetsAFamilyApart() throws IOException {
    var llama3 =
        read(
            SMOL.replace(
                "\"rope_scaling\": null",
                "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0,"
                    + " \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
                    + " \"original_max_position_embeddings\": 8192}"));
    assertThat(llama3.rotaries().getFirst().scaling()).isEqualTo(new Rotary.Llama3(8, 1, 4, 8192));
    assertThat(llama3.isPlainLlama()).isFalse();
    assertThat(read(SMOL).isPlainLlama()).isTrue();

    var biased = read(SMOL.replace("\"attention_bias\": false", "\"attention_bias\": true"));
    assertThat(biased.tensors()).containsKey("model.layers.0.self_attn.o_proj.bias");
    assertThat(biased.isPlainLlama()).isFalse();

    var mistral =
        read(SMOL.replace("\"llama\"", "\"mistral\"").replace("{", "{\"sliding_window\": 4096,"));
    assertThat(mistral.block().windows()).hasSize(30).containsOnly(4096);
  }

  @Test
  void refusesFilesThatAreNoConfig() {
    assertThatThrownBy(() -> ModelConfigs.read(folder))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("config.json");
    refused("[]", "no JSON object");
    refused("{\"model_type\": \"llama\"", "no valid JSON");
    refused("{\"model_type\": \"llama\", \"model_type\": \"llama\"}", "Duplicate");
  }
}
