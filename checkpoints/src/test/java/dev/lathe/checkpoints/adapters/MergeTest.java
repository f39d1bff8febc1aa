package dev.lathe.checkpoints.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.ModelConfigs;
import dev.lathe.checkpoints.bases.StoredValues;
import dev.lathe.checkpoints.bases.TinyBase;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Blocks;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergeTest {
  private static final String Q = "model.layers.1.self_attn.q_proj";
  private static final String DOWN = "model.layers.0.mlp.down_proj";

  private static final Merge.Progress SILENT = (done, total) -> {};

  @TempDir Path home;
  private Base base;

  @BeforeEach
  void makeBase() {
    base = TinyBase.create(new BaseStore(home.resolve("bases")));
  }

  private static LoraPair pair(int rank, int in, int out) {
    var random = new Random(out);
    var a = new float[rank * in];
    var b = new float[out * rank];
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < b.length; i++) {
      b[i] = (float) random.nextGaussian();
    }
    return new LoraPair(new Matrix(rank, in, a), new Matrix(out, rank, b));
  }

  private static SequencedMap<String, LoraPair> modules() {
    var modules = new LinkedHashMap<String, LoraPair>();
    modules.put(Q, pair(4, 64, 64));
    modules.put(DOWN, pair(4, 128, 64));
    return modules;
  }

  private static PeftAdapter adapter(
      @Nullable String base, SequencedMap<String, LoraPair> modules) {
    var targets = PeftConfig.lastNames(modules.keySet());
    return new PeftAdapter(new AdapterConfig(4, 6, true, 0, targets, "tiny", base), modules);
  }

  private static float[] values(Weights weights, String name) {
    long[] shape = weights.shape(name);
    int rows = shape.length < 2 ? 1 : (int) shape[0];
    var values = new float[rows * (int) shape[shape.length - 1]];
    weights.rows(name, 0, rows, values);
    return values;
  }

  /** W + scale B A in float64. */
  private static double[] expected(Weights weights, PeftAdapter adapter, String module) {
    var w = values(weights, module + ".weight");
    var pair = Objects.requireNonNull(adapter.modules().get(module));
    int in = pair.a().columns();
    var sum = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      double product = 0;
      for (int r = 0; r < 4; r++) {
        product += (double) pair.b().values()[i / in * 4 + r] * pair.a().values()[r * in + i % in];
      }
      sum[i] = w[i] + adapter.config().scale() * product;
    }
    return sum;
  }

  @Test
  void addsTheScaledProductAndLeavesTheRestAsItIs() {
    var adapter = adapter(base.weightsSha256(), modules());
    Merge.toFolder(base, adapter, null, home.resolve("merged"), SILENT);
    try (var before = base.weights();
        var after = opened("merged").weights()) {
      for (var name : before.names()) {
        var module = name.substring(0, name.length() - ".weight".length());
        if (adapter.modules().containsKey(module)) {
          var found = values(after, name);
          var wanted = expected(before, adapter, module);
          for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).as(name).isCloseTo(wanted[i], within(2e-5));
          }
        } else {
          assertThat(values(after, name)).as(name).containsExactly(values(before, name));
        }
      }
    }
  }

  /** GPT-2 stores (in, out): the same square matrix, merged as its transpose. */
  @Test
  void turnedMatricesGainTheTransposedProduct() {
    var modules = new LinkedHashMap<String, LoraPair>();
    modules.put(Q, pair(4, 64, 64));
    var config = new AdapterConfig(4, 6, true, 0, new TreeSet<>(Set.of("q_proj")), "t", null);
    var adapter = new PeftAdapter(config, modules);
    try (var before = base.weights();
        var plain = Merge.of(base.weights(), adapter, false, SILENT);
        var turned = Merge.of(base.weights(), adapter, true, SILENT)) {
      var w = values(before, Q + ".weight");
      var usual = values(plain, Q + ".weight");
      var found = values(turned, Q + ".weight");
      for (int i = 0; i < 64; i++) {
        for (int j = 0; j < 64; j++) {
          double gained = usual[j * 64 + i] - w[j * 64 + i];
          assertThat((double) found[i * 64 + j] - w[i * 64 + j]).isCloseTo(gained, within(1e-5));
        }
      }
    }
  }

  /** Saved embeddings stand in the base's place; a tied head follows them, or parts from them. */
  @Test
  void whatIsSavedWholeTakesThePlaceOfTheBases() {
    var embedding = "model.embed_tokens.weight";
    var head = "lm_head.weight";
    try (var weights = base.weights()) {
      var own = values(weights, embedding);
      var learnt = own.clone();
      for (int i = 0; i < learnt.length; i++) {
        learnt[i] += 1 + i % 3;
      }
      var together = saving(true, embedding, learnt);
      Merge.toFolder(base, together, null, home.resolve("tied"), SILENT);
      assertThat(JsonFile.read(home.resolve("tied/config.json")).get("tie_word_embeddings"))
          .hasToString("true");
      try (var merged = opened("tied").weights()) {
        assertThat(values(merged, embedding)).containsExactly(learnt);
        assertThat(merged.names()).doesNotContain(head);
        assertThat(values(merged, Q + ".weight")).isNotEqualTo(values(weights, Q + ".weight"));
      }
      Merge.toFolder(base, saving(false, embedding, learnt), null, home.resolve("parted"), SILENT);
      try (var merged = opened("parted").weights()) {
        assertThat(values(merged, embedding)).containsExactly(learnt);
        assertThat(values(merged, head)).containsExactly(own);
      }
      var file = home.resolve("head.gguf");
      Merge.toGguf(base, saving(false, head, learnt), Encoding.F32, file, SILENT);
      try (var gguf = GgufFile.open(file)) {
        assertThat(gguf.bytes("output.weight").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
            .containsExactly(learnt);
        assertThat(gguf.bytes("token_embd.weight").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
            .containsExactly(own);
      }
      assertThatThrownBy(
              () ->
                  GgufAdapter.write(together, base.config(), "tiny", home.resolve("adapter.gguf")))
          .isInstanceOf(BadInput.class)
          .hasMessageContainingAll("saved whole", embedding);
      assertThatThrownBy(() -> SavedModules.base(base, saving(true, embedding, new float[64])))
          .isInstanceOf(BadInput.class)
          .hasMessageContainingAll("is [336, 64] in the base, [1, 64]", "bases extend");
      assertThatThrownBy(() -> SavedModules.base(base, saving(true, "score.weight", learnt)))
          .hasMessageContaining("the base has no score.weight");
    }
  }

  private static PeftAdapter saving(boolean tied, String tensor, float[] learnt) {
    var values = Tensor.of(learnt, learnt.length / 64, 64);
    var saved = new LinkedHashMap<String, StoredValues>();
    saved.put(tensor, new StoredValues(Encoding.F32, values.shape(), values.bytes()));
    var names = new TreeSet<>(Set.of(tensor.replaceAll("(.*\\.)?(\\w+)\\.weight", "$2")));
    var targets = PeftConfig.lastNames(modules().keySet());
    var config = new AdapterConfig(4, 6, true, 0, targets, "tiny", null).saving(names, tied);
    return new PeftAdapter(config, modules(), saved);
  }

  @Test
  void rowsOfADoraHaveItsMagnitudes() {
    var magnitudes = new float[64];
    for (int i = 0; i < 64; i++) {
      magnitudes[i] = 0.5f + i / 8f;
    }
    var pair = pair(4, 64, 64);
    var modules = new LinkedHashMap<String, LoraPair>();
    modules.put(Q, new LoraPair(pair.a(), pair.b(), new Matrix(64, 1, magnitudes)));
    var config = new AdapterConfig(4, 6, true, true, 0, new TreeSet<>(Set.of("q_proj")), "t", null);
    var adapter = new PeftAdapter(config, modules);
    try (var before = base.weights();
        var after = Merge.of(base.weights(), adapter, false, SILENT)) {
      var found = values(after, Q + ".weight");
      var sum = expected(before, adapter, Q);
      for (int row = 0; row < 64; row++) {
        double squares = 0;
        for (int i = row * 64; i < row * 64 + 64; i++) {
          squares += sum[i] * sum[i];
        }
        for (int i = row * 64; i < row * 64 + 64; i++) {
          assertThat((double) found[i])
              .isCloseTo(magnitudes[row] * sum[i] / Math.sqrt(squares), within(1e-5));
        }
      }
    }
  }

  private Base opened(String folder) {
    var path = home.resolve(folder);
    return new Base("merged", path, ModelConfigs.read(path), "x", "here");
  }

  @Test
  void theFolderIsAWholeModel() {
    var adapter = adapter(null, modules());
    Merge.toFolder(base, adapter, Encoding.BF16, home.resolve("merged"), SILENT);
    var merged = home.resolve("merged");
    for (var file : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
      assertThat(merged.resolve(file)).hasSameBinaryContentAs(base.folder().resolve(file));
    }
    var config = JsonFile.read(merged.resolve("config.json"));
    assertThat(config.path("torch_dtype").asString()).isEqualTo("bfloat16");
    assertThat(config.put("torch_dtype", "float32"))
        .isEqualTo(JsonFile.read(base.folder().resolve("config.json")));
    try (var weights = opened("merged").weights()) {
      assertThat(weights.encoding(Q + ".weight")).isEqualTo(Encoding.BF16);
    }
    assertThat(home).isDirectoryNotContaining("glob:**/.merged*");
  }

  @Test
  void ggufAndFolderHoldTheSameModel() throws IOException {
    var adapter = adapter(null, modules());
    Merge.toFolder(base, adapter, null, home.resolve("merged"), SILENT);
    for (var encoding : Encoding.values()) {
      var file = Files.createDirectories(home.resolve("gguf-" + encoding)).resolve("m.gguf");
      Merge.toGguf(base, adapter, encoding, file, SILENT);
      try (var gguf = GgufFile.open(file);
          var folder = opened("merged").weights()) {
        assertThat(gguf.tensor("blk.1.attn_q.weight").encoding()).isEqualTo(encoding);
        assertThat(gguf.tensor("blk.1.attn_norm.weight").encoding()).isEqualTo(Encoding.F32);
        assertThat(gguf.metadata()).containsEntry("lathe.base.sha256", base.weightsSha256());
        var wanted = values(folder, DOWN + ".weight");
        var found = new float[wanted.length];
        Blocks.decode(encoding, gguf.bytes("blk.0.ffn_down.weight"), 0, found, found.length);
        float within = rounding(encoding);
        for (int i = 0; i < found.length; i++) {
          assertThat(found[i]).isCloseTo(wanted[i], within(within));
        }
      }
    }
    // Read back as a base, rows of queries are in Hugging Face's order again.
    var folder = home.resolve("gguf-F32");
    for (var file : List.of("config.json", "tokenizer.json", "chat_template.jinja")) {
      Files.copy(base.folder().resolve(file), folder.resolve(file));
    }
    try (var gguf = opened("gguf-F32").weights();
        var merged = opened("merged").weights()) {
      for (var name : merged.names()) {
        assertThat(values(gguf, name)).as(name).containsExactly(values(merged, name));
      }
    }
  }

  /** Of values up to 20. */
  private static float rounding(Encoding encoding) {
    return switch (encoding) {
      case F32 -> 0;
      case F16 -> 0.01f;
      case BF16 -> 0.1f;
      case Q8_0 -> 0.2f;
      case Q4_0, Q4_1 -> 3;
    };
  }

  @Test
  void aQuantizedBaseIsUnpackedFirst() throws IOException {
    var packed = Files.createDirectories(home.resolve("packed"));
    var nothing = modules();
    nothing.values().forEach(p -> java.util.Arrays.fill(p.b().values(), 0));
    Merge.toGguf(base, adapter(null, nothing), Encoding.Q4_1, packed.resolve("m.gguf"), SILENT);
    for (var file : List.of("config.json", "tokenizer.json", "chat_template.jinja")) {
      Files.copy(base.folder().resolve(file), packed.resolve(file));
    }
    var quantized = opened("packed");
    var adapter = adapter(null, modules());
    Merge.toFolder(quantized, adapter, null, home.resolve("merged"), SILENT);
    Merge.toGguf(quantized, adapter, Encoding.F32, home.resolve("m.gguf"), SILENT);
    try (var before = quantized.weights();
        var after = opened("merged").weights();
        var gguf = GgufFile.open(home.resolve("m.gguf"))) {
      assertThat(after.encoding(Q + ".weight")).isEqualTo(Encoding.F32);
      var found = values(after, Q + ".weight");
      var wanted = expected(before, adapter, Q);
      for (int i = 0; i < found.length; i++) {
        assertThat((double) found[i]).isCloseTo(wanted[i], within(2e-5));
      }
      assertThat(gguf.text("tokenizer.ggml.pre")).contains("smollm");
      assertThat(gguf.metadata()).containsEntry("general.file_type", 0L);
    }
    assertThatThrownBy(
            () -> Merge.toFolder(base, adapter, Encoding.Q8_0, home.resolve("quantized"), SILENT))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("safetensors hold no such quantization");
  }

  @Test
  void tellsHowFarItIsAndStopsWhenNobodyListens() {
    var told = new ArrayList<Long>();
    var adapter = adapter(null, modules());
    Merge.toGguf(
        base,
        adapter,
        Encoding.F32,
        home.resolve("m.gguf"),
        (done, total) -> told.add(total - done));
    assertThat(told).isNotEmpty().endsWith(0L);
    assertThatThrownBy(
            () ->
                Merge.toFolder(
                    base,
                    adapter,
                    null,
                    home.resolve("stopped"),
                    (done, total) -> {
                      throw new IllegalStateException("gone");
                    }))
        .hasMessage("gone");
    assertThat(home).isDirectoryNotContaining("glob:**/*stopped*");
  }

  @Test
  void writesTheSameBytesTwice() {
    var adapter = adapter(null, modules());
    Merge.toGguf(base, adapter, Encoding.Q8_0, home.resolve("one.gguf"), SILENT);
    Merge.toGguf(base, adapter, Encoding.Q8_0, home.resolve("two.gguf"), SILENT);
    assertThat(home.resolve("two.gguf")).hasSameBinaryContentAs(home.resolve("one.gguf"));
    Merge.toFolder(base, adapter, Encoding.F16, home.resolve("one"), SILENT);
    Merge.toFolder(base, adapter, Encoding.F16, home.resolve("two"), SILENT);
    assertThat(home.resolve("two/model.safetensors"))
        .hasSameBinaryContentAs(home.resolve("one/model.safetensors"));
  }

  @Test
  void refusesAndLeavesNothingBehind() throws IOException {
    refused(adapter("another", modules()), "trained on another base than tiny");
    var shapes = modules();
    shapes.put(Q, pair(4, 64, 32));
    refused(adapter(null, shapes), "maps 64 to 64, the adapter 64 to 32");
    var sick = modules();
    Objects.requireNonNull(sick.get(DOWN)).a().values()[5] = Float.NaN;
    refused(adapter(null, sick), "the adapter holds NaN: " + DOWN);
    var huge = modules();
    java.util.Arrays.fill(Objects.requireNonNull(huge.get(DOWN)).b().values(), 1e5f);
    refused(adapter(null, huge), "too large for F16: " + DOWN);

    Files.createDirectories(home.resolve("full/of"));
    assertThatThrownBy(
            () ->
                Merge.toFolder(base, adapter(null, modules()), null, home.resolve("full"), SILENT))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("the folder is in use");
  }

  private void refused(PeftAdapter adapter, String why) {
    var out = home.resolve("out");
    assertThatThrownBy(() -> Merge.toFolder(base, adapter, Encoding.F16, out, SILENT))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(why);
    assertThatThrownBy(
            () -> Merge.toGguf(base, adapter, Encoding.F16, home.resolve("out.gguf"), SILENT))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining(why);
    assertThat(home).isDirectoryNotContaining("glob:**/*out*");
  }
}
