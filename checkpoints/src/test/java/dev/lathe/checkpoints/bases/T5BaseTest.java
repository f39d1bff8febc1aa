package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.Block.Activation;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.safetensors.SafetensorsShards;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A T5's config and files. */
class T5BaseTest {
  private static final String OLD =
      """
      {"model_type": "t5", "d_model": 8, "d_kv": 4, "d_ff": 6, "num_layers": 2, "num_heads": 2,
       "vocab_size": 10, "eos_token_id": 1, "pad_token_id": 0, "decoder_start_token_id": 0,
       "relative_attention_num_buckets": 8}
      """;
  private static final String NEW =
      OLD.replace(
          "\"vocab_size\"",
          "\"feed_forward_proj\": \"gated-gelu\", \"num_decoder_layers\": 1,"
              + " \"tie_word_embeddings\": false, \"vocab_size\"");

  @TempDir Path folder;

  private ModelConfig read(String json) throws IOException {
    Files.writeString(folder.resolve("config.json"), json);
    return ModelConfigs.read(folder);
  }

  private SequencedMap<String, Tensor> tensors(ModelConfig config) {
    var tensors = new LinkedHashMap<String, Tensor>();
    config
        .tensors()
        .forEach(
            (name, shape) -> {
              var values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
              Arrays.fill(values, tensors.size());
              tensors.put(name, Tensor.of(values, shape));
            });
    return tensors;
  }

  private Weights open(ModelConfig config, SequencedMap<String, Tensor> tensors) {
    SafetensorsWriter.write(folder.resolve(SafetensorsShards.SINGLE), Map.of(), tensors);
    return BaseFiles.open(folder, config);
  }

  @Test
  void readsBothVersions() throws IOException {
    var old = read(OLD);
    assertThat(old.layers()).isEqualTo(4);
    assertThat(old.tiedEmbeddings()).isTrue();
    assertThat(old.block().gated()).isFalse();
    assertThat(old.block().activation()).isEqualTo(Activation.RELU);
    assertThat(old.block().encoderDecoder()).isEqualTo(new EncoderDecoder(2, 2, 8, 128, 0));
    var newer = read(NEW);
    assertThat(newer.layers()).isEqualTo(3);
    assertThat(newer.tiedEmbeddings()).isFalse();
    assertThat(newer.block().activation()).isEqualTo(Activation.GELU_TANH);
    assertThat(newer.block().encoderDecoder()).isEqualTo(new EncoderDecoder(2, 1, 8, 128, 0));
    assertThat(newer.projections())
        .extracting(Projection::path)
        .contains("SelfAttention.q", "EncDecAttention.v", "DenseReluDense.wi_1");
    assertThat(
            read(OLD.replace("\"vocab_size\"", "\"scale_decoder_outputs\": false, \"vocab_size\"")))
        .as("an untied one as transformers 5 writes it")
        .matches(c -> !c.tiedEmbeddings());
  }

  @Test
  void namesModulesAsPeftDoes() throws IOException {
    var config = read(NEW);
    var projections = config.projections();
    var q = projections.getFirst();
    var down = projections.get(6);
    var value = projections.get(9);
    assertThat(config.module(1, q)).isEqualTo("encoder.block.1.layer.0.SelfAttention.q");
    assertThat(config.module(1, down)).isEqualTo("encoder.block.1.layer.1.DenseReluDense.wo");
    assertThat(config.module(2, down)).isEqualTo("decoder.block.0.layer.2.DenseReluDense.wo");
    assertThat(config.module(2, value)).isEqualTo("decoder.block.0.layer.1.EncDecAttention.v");
    assertThat(config.has(1, value)).isFalse();
    assertThat(config.layersWith(value)).isEqualTo(1);
  }

  @Test
  void refusesWhatIsComputedOtherwise() {
    assertThatThrownBy(
            () ->
                read(
                    OLD.replace("\"d_ff\": 6,", "\"feed_forward_proj\": \"tanh\",")
                        .replace("buckets\": 8", "buckets\": 6")))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(
            "feed_forward_proj is tanh", "d_ff is missing", "relative_attention_num_buckets 6");
  }

  @Test
  void takesTheEmbeddingsUnderAnyOfTheirNames() throws IOException {
    var config = read(OLD);
    var whole = tensors(config);
    var copied = new LinkedHashMap<>(whole);
    var shared = copied.get(T5Names.SHARED);
    for (var copy :
        List.of("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")) {
      copied.put(copy, shared);
    }
    copied.put(
        "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight",
        Tensor.of(new float[16], 8, 2));
    try (var weights = open(config, copied)) {
      assertThat(weights.names()).containsExactlyElementsOf(whole.keySet());
    }
    copied.remove(T5Names.SHARED);
    try (var weights = open(config, copied)) {
      assertThat(weights.names()).containsExactlyElementsOf(whole.keySet());
    }
  }

  @Test
  void namesWhatIsMissingOrOfAnotherShape() throws IOException {
    var config = read(NEW);
    var tensors = tensors(config);
    tensors.remove("lm_head.weight");
    tensors.remove("decoder.block.0.layer.1.EncDecAttention.k.weight");
    tensors.put("encoder.block.0.layer.1.DenseReluDense.wi_0.weight", Tensor.of(new float[8], 8));
    tensors.put("encoder.block.2.layer.0.SelfAttention.q.weight", Tensor.of(new float[8], 8));
    assertThatThrownBy(() -> open(config, tensors))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(
            "lm_head.weight is missing",
            "decoder.block.0.layer.1.EncDecAttention.k.weight is missing",
            "wi_0.weight has the shape [8], the config wants [6, 8]",
            "encoder.block.2.layer.0.SelfAttention.q.weight is there");
  }

  @Test
  void cannotBeWrittenAsGguf() throws IOException {
    var config = read(OLD);
    assertThatThrownBy(() -> GgufLayout.of(config))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("t5");
  }
}
