package dev.lathe.checkpoints.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.ModelConfig;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Blocks;
import dev.lathe.checkpoints.quantized.Encoding;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufAdapterTest {
  /** Two heads of four rows, one key-value head. */
  private static final ModelConfig CONFIG = config("llama");

  private static final String LAYER = "model.layers.0.";

  @TempDir Path folder;

  private static ModelConfig config(String architecture) {
    var c = ModelConfig.llama(300, 6, 10, 1, 2, 1, 4, 1e-5, 10_000, 128, true, 1, List.of(2));
    return new ModelConfig(
        architecture,
        c.vocabSize(),
        c.hiddenSize(),
        c.intermediateSize(),
        c.layers(),
        c.heads(),
        c.keyValueHeads(),
        c.headDim(),
        c.normEps(),
        c.rotaries(),
        c.maxPositions(),
        c.tiedEmbeddings(),
        c.beginToken(),
        c.endTokens(),
        c.block());
  }

  private Path file() {
    return folder.resolve("adapter.gguf");
  }

  /** B's element (row, r) is row + r / 10. */
  private static LoraPair pair(int in, int out) {
    var b = new float[out * 2];
    for (int i = 0; i < b.length; i++) {
      b[i] = i / 2 + i % 2 / 10f;
    }
    var a = new float[2 * in];
    for (int i = 0; i < a.length; i++) {
      a[i] = i;
    }
    return new LoraPair(new Matrix(2, in, a), new Matrix(out, 2, b));
  }

  private static SequencedMap<String, LoraPair> modules() {
    var modules = new LinkedHashMap<String, LoraPair>();
    modules.put(LAYER + "mlp.down_proj", pair(10, 6));
    modules.put(LAYER + "self_attn.q_proj", pair(6, 8));
    modules.put(LAYER + "self_attn.k_proj", pair(6, 4));
    modules.put(LAYER + "self_attn.v_proj", pair(6, 4));
    return modules;
  }

  private static PeftAdapter adapter(
      double alpha, boolean rsLora, SequencedMap<String, LoraPair> modules) {
    var targets = PeftConfig.lastNames(modules.keySet());
    return new PeftAdapter(new AdapterConfig(2, alpha, rsLora, 0, targets, "smol", "abc"), modules);
  }

  private float[] values(GgufFile file, String name) {
    var tensor = file.tensor(name);
    var values = new float[(int) (tensor.length() / 4)];
    Blocks.decode(Encoding.F32, file.bytes(name), 0, values, values.length);
    return values;
  }

  @Test
  void writesWhatLlamaCppReads() {
    GgufAdapter.write(adapter(16, false, modules()), CONFIG, "smol", file());
    try (var file = GgufFile.open(file())) {
      assertThat(file.metadata())
          .containsEntry("general.type", "adapter")
          .containsEntry("general.architecture", "llama")
          .containsEntry("adapter.type", "lora")
          .containsEntry("adapter.lora.alpha", 16.0)
          .containsEntry("general.base_model.0.name", "smol")
          .containsEntry("lathe.base.sha256", "abc");
      assertThat(file.tensors().keySet())
          .containsExactly(
              "blk.0.attn_q.weight.lora_a",
              "blk.0.attn_q.weight.lora_b",
              "blk.0.attn_k.weight.lora_a",
              "blk.0.attn_k.weight.lora_b",
              "blk.0.attn_v.weight.lora_a",
              "blk.0.attn_v.weight.lora_b",
              "blk.0.ffn_down.weight.lora_a",
              "blk.0.ffn_down.weight.lora_b");
      assertThat(file.tensor("blk.0.ffn_down.weight.lora_a").shape()).containsExactly(2, 10);
      assertThat(file.tensor("blk.0.ffn_down.weight.lora_b").shape()).containsExactly(6, 2);
      assertThat(file.tensors().values()).allMatch(t -> t.encoding() == Encoding.F32);
    }
  }

  /** Within a head of four, rows 0 1 2 3 go to 0 2 1 3: the rotary pairs become neighbours. */
  @Test
  void pairsTheRowsOfQueriesAndKeysInBOnly() {
    GgufAdapter.write(adapter(16, false, modules()), CONFIG, "smol", file());
    try (var file = GgufFile.open(file())) {
      assertThat(firstOfRows(values(file, "blk.0.attn_q.weight.lora_b")))
          .isEqualTo("0 2 1 3 4 6 5 7");
      assertThat(firstOfRows(values(file, "blk.0.attn_k.weight.lora_b"))).isEqualTo("0 2 1 3");
      assertThat(firstOfRows(values(file, "blk.0.attn_v.weight.lora_b"))).isEqualTo("0 1 2 3");
      assertThat(firstOfRows(values(file, "blk.0.ffn_down.weight.lora_b")))
          .isEqualTo("0 1 2 3 4 5");
      assertThat(values(file, "blk.0.attn_q.weight.lora_a"))
          .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    }
  }

  private static String firstOfRows(float[] b) {
    return IntStream.range(0, b.length / 2)
        .mapToObj(row -> String.valueOf((int) b[2 * row]))
        .collect(Collectors.joining(" "));
  }

  @Test
  void rankStabilisedScalesComeOutRight() {
    var adapter = adapter(6, true, modules());
    GgufAdapter.write(adapter, CONFIG, "smol", file());
    try (var file = GgufFile.open(file())) {
      double alpha = (Double) file.metadata().getOrDefault("adapter.lora.alpha", 0.0);
      assertThat(alpha / 2).isCloseTo(6 / Math.sqrt(2), org.assertj.core.data.Offset.offset(1e-6));
    }
  }

  @Test
  void writesTheSameBytesInWhateverOrderTheModulesCome() {
    GgufAdapter.write(adapter(16, false, modules()), CONFIG, "smol", file());
    var again = folder.resolve("again.gguf");
    GgufAdapter.write(adapter(16, false, modules().reversed()), CONFIG, "smol", again);
    assertThat(again).hasSameBinaryContentAs(file());
  }

  @Test
  void refusesWhatWouldBeServedWrongly() {
    var other = modules();
    other.put("model.layers.1.mlp.up_proj", pair(6, 10));
    other.put(LAYER + "mlp.down_proj", pair(8, 6));
    refused(
        adapter(16, false, other),
        "on smol",
        "no layer model.layers.1.mlp.up_proj",
        "mlp.down_proj maps 10 to 6, the adapter 8 to 6");
    var head = modules();
    head.put("lm_head", pair(6, 300));
    refused(adapter(16, false, head), "no layer lm_head");
    var embeddings = modules();
    embeddings.put("model.embed_tokens", pair(6, 300));
    refused(adapter(16, false, embeddings), "no layer model.embed_tokens");
    refused(adapter(0, false, modules()), "lora_alpha = 0");
    refused(adapter(1e300, false, modules()), "lora_alpha = 1.0E300");
    for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      var sick = modules();
      var pair = pair(6, 4);
      pair.b().values()[3] = bad;
      sick.put(LAYER + "self_attn.v_proj", pair);
      refused(adapter(16, false, sick), "the adapter holds " + bad, "v_proj");
    }
    assertThatThrownBy(
            () -> GgufAdapter.write(adapter(1, false, modules()), config("gpt2"), "x", file()))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("gpt2");
    assertThat(folder).isEmptyDirectory();
  }

  private void refused(PeftAdapter adapter, String... why) {
    assertThatThrownBy(() -> GgufAdapter.write(adapter, CONFIG, "smol", file()))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(why);
  }
}
