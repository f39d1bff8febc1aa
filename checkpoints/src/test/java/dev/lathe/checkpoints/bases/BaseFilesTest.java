package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.Weights.As;
import dev.lathe.checkpoints.gguf.GgufBytes;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Bfloat16;
import dev.lathe.checkpoints.safetensors.SafetensorsShards;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaseFilesTest {
  private static final ModelConfig CONFIG =
      ModelConfig.llama(10, 8, 6, 2, 2, 1, 4, 1e-5, 10_000, 64, false, 1, List.of(2));

  private static final Map<String, String> INTO_GGUF =
      Map.of(
          "input_layernorm", "attn_norm",
          "self_attn.q_proj", "attn_q",
          "self_attn.k_proj", "attn_k",
          "self_attn.v_proj", "attn_v",
          "self_attn.o_proj", "attn_output",
          "post_attention_layernorm", "ffn_norm",
          "mlp.gate_proj", "ffn_gate",
          "mlp.up_proj", "ffn_up",
          "mlp.down_proj", "ffn_down");

  @TempDir Path folder;

  private final SequencedMap<String, float[]> model = model();

  private static SequencedMap<String, float[]> model() {
    var random = new Random(7);
    var model = new LinkedHashMap<String, float[]>();
    CONFIG
        .tensors()
        .forEach(
            (name, shape) -> {
              var values = new float[(int) (shape.length == 1 ? shape[0] : shape[0] * shape[1])];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
              }
              model.put(name, values);
            });
    return model;
  }

  private static long[] shape(String name) {
    var shape = CONFIG.tensors().get(name);
    return shape == null ? new long[] {1} : shape;
  }

  private void writeSafetensors() {
    var tensors = new LinkedHashMap<String, Tensor>();
    model.forEach((name, values) -> tensors.put(name, Tensor.of(values, shape(name))));
    SafetensorsWriter.write(folder.resolve(SafetensorsShards.SINGLE), Map.of(), tensors);
  }

  /** As llama.cpp's converter does it: rows 0, 2, 1, 3 of each head of four. */
  private static float[] paired(float[] values) {
    var result = values.clone();
    for (int head = 0; head < values.length / 32; head++) {
      System.arraycopy(values, head * 32 + 16, result, head * 32 + 8, 8);
      System.arraycopy(values, head * 32 + 8, result, head * 32 + 16, 8);
    }
    return result;
  }

  private void writeGguf() throws IOException {
    var gguf = new GgufBytes().text("general.architecture", "llama");
    model.forEach(
        (name, values) -> {
          var parts = name.split("\\.", 4);
          var stored =
              name.startsWith("model.layers.")
                  ? "blk."
                      + parts[2]
                      + "."
                      + INTO_GGUF.get(parts[3].replace(".weight", ""))
                      + ".weight"
                  : Map.of(
                          "model.embed_tokens.weight", "token_embd.weight",
                          "model.norm.weight", "output_norm.weight",
                          "lm_head.weight", "output.weight")
                      .getOrDefault(name, name);
          boolean rotary = name.contains("q_proj") || name.contains("k_proj");
          gguf.tensor(stored, 0, shape(name), GgufBytes.floats(rotary ? paired(values) : values));
        });
    Files.write(folder.resolve("model.gguf"), gguf.bytes());
  }

  private static float[] read(Weights weights, String name) {
    var target = MemorySegment.ofArray(new float[model().getOrDefault(name, new float[1]).length]);
    weights.read(name, As.F32, target);
    return target.toArray(ValueLayout.JAVA_FLOAT);
  }

  private void refused(ModelConfig config, String... why) {
    assertThatThrownBy(() -> BaseFiles.open(folder, config))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(why);
  }

  private void holdsTheModel() {
    try (var weights = BaseFiles.open(folder, CONFIG)) {
      assertThat(weights.names()).containsExactlyElementsOf(model.keySet());
      model.forEach(
          (name, values) -> {
            assertThat(weights.shape(name)).containsExactly(shape(name));
            assertThat(read(weights, name)).as(name).containsExactly(values);
          });
    }
  }

  @Test
  void readsSafetensors() {
    writeSafetensors();
    holdsTheModel();
    assertThat(BaseFiles.weightFiles(folder))
        .containsExactly(folder.resolve(SafetensorsShards.SINGLE));
  }

  @Test
  void readsGgufUnderHuggingFaceNamesWithItsRotaryRowsPutBack() throws IOException {
    writeGguf();
    holdsTheModel();
    assertThat(BaseFiles.weightFiles(folder)).containsExactly(folder.resolve("model.gguf"));
  }

  @Test
  void roundsToBfloat16OnRequest() {
    writeSafetensors();
    var name = "model.layers.1.mlp.up_proj.weight";
    var values = model.getOrDefault(name, new float[0]);
    try (var weights = BaseFiles.open(folder, CONFIG)) {
      var target = MemorySegment.ofArray(new short[values.length]);
      weights.read(name, As.BF16, target);
      for (int i = 0; i < values.length; i++) {
        assertThat(target.getAtIndex(ValueLayout.JAVA_SHORT, i)).isEqualTo(Bfloat16.of(values[i]));
      }
      assertThatThrownBy(() -> weights.read(name, As.F32, target))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void refusesValuesThatAreNotFiniteNamingTheTensor() {
    var name = "model.layers.0.self_attn.o_proj.weight";
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      model.getOrDefault(name, new float[0])[5] = bad;
      writeSafetensors();
      try (var weights = BaseFiles.open(folder, CONFIG)) {
        assertThatThrownBy(() -> read(weights, name))
            .isInstanceOf(BadInput.class)
            .hasMessageContainingAll("not finite", name, "element 5");
        assertThat(read(weights, "model.norm.weight")).hasSize(8);
      }
    }
  }

  @Test
  void refusesAFloatThatOnlyRoundingMakesInfinite() {
    model.getOrDefault("model.norm.weight", new float[0])[3] = Float.MAX_VALUE;
    writeSafetensors();
    try (var weights = BaseFiles.open(folder, CONFIG)) {
      assertThat(read(weights, "model.norm.weight")[3]).isEqualTo(Float.MAX_VALUE);
      var target = MemorySegment.ofArray(new short[8]);
      assertThatThrownBy(() -> weights.read("model.norm.weight", As.BF16, target))
          .isInstanceOf(BadInput.class)
          .hasMessageContaining("element 3");
    }
  }

  @Test
  void refusesWeightsThatAreNotThoseOfTheConfig() {
    model.remove("model.layers.1.mlp.up_proj.weight");
    model.put("model.layers.0.self_attn.q_proj.bias", new float[1]);
    writeSafetensors();
    refused(
        CONFIG,
        "model.layers.1.mlp.up_proj.weight is missing",
        "q_proj.bias is there, and the config has no place for it",
        "The file holds 21 tensors: ");
  }

  @Test
  void refusesShapesThatTheConfigDoesNotWant() throws IOException {
    writeGguf();
    var wider = ModelConfig.llama(11, 8, 6, 2, 2, 1, 4, 1e-5, 10_000, 64, false, 1, List.of(2));
    refused(
        wider, "model.embed_tokens.weight has the shape [10, 8], the config wants [11, 8]", "head");
  }

  @Test
  void ignoresACopyOfTiedEmbeddings() {
    writeSafetensors();
    var tied = ModelConfig.llama(10, 8, 6, 2, 2, 1, 4, 1e-5, 10_000, 64, true, 1, List.of(2));
    try (var weights = BaseFiles.open(folder, tied)) {
      assertThat(weights.names()).doesNotContain("lm_head.weight").hasSize(20);
      assertThatThrownBy(() -> weights.shape("lm_head.weight")).isInstanceOf(BadInput.class);
    }
  }

  @Test
  void refusesFoldersWhoseWeightsAreAbsentAmbiguousOrPickled() throws IOException {
    refused(CONFIG, "holds no weights");
    Files.writeString(folder.resolve("pytorch_model.bin"), "");
    refused(CONFIG, "only pickled weights");
    writeGguf();
    Files.copy(folder.resolve("model.gguf"), folder.resolve("other.gguf"));
    refused(CONFIG, "several weights");
    Files.delete(folder.resolve("other.gguf"));
    writeSafetensors();
    refused(CONFIG, "several weights");
  }

  @Test
  void refusesAGgufOfAnotherArchitectureOrWithScaledRotaryEmbeddings() throws IOException {
    var file = folder.resolve("m.gguf");
    Files.write(file, new GgufBytes().text("general.architecture", "qwen2").bytes());
    refused(CONFIG, "qwen2 and llama");
    Files.write(
        file,
        new GgufBytes()
            .text("general.architecture", "llama")
            .tensor("rope_freqs.weight", 0, new long[] {2}, GgufBytes.floats(1, 2))
            .bytes());
    refused(CONFIG, "rope_freqs.weight");
  }
}
