package dev.lathe.checkpoints.adapters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.bases.RowValues;
import dev.lathe.checkpoints.bases.StoredValues;
import dev.lathe.checkpoints.bases.Weights;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.Dtype;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
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
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeftAdapterTest {
  private static final String Q = "model.layers.0.self_attn.q_proj";
  private static final String UP = "model.layers.0.mlp.up_proj";

  @TempDir Path temporary;

  private Path folder() {
    return temporary.resolve("adapter");
  }

  private static LoraPair pair(int in, int out, float first) {
    var a = new float[2 * in];
    var b = new float[out * 2];
    a[0] = first;
    b[b.length - 1] = -first;
    return new LoraPair(new Matrix(2, in, a), new Matrix(out, 2, b));
  }

  private static PeftAdapter adapter(double alpha, boolean rsLora, @Nullable String sha256) {
    var modules = new LinkedHashMap<String, LoraPair>();
    modules.put(UP, pair(4, 6, 0.5f));
    modules.put(Q, pair(4, 4, 0.25f));
    var targets = new TreeSet<>(Set.of("q_proj", "up_proj"));
    return new PeftAdapter(
        new AdapterConfig(2, alpha, rsLora, 0.05, targets, "smol", sha256), modules);
  }

  private void refused(String... why) {
    assertThatThrownBy(() -> PeftAdapter.read(folder()))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(why);
  }

  private void config(String key, String json) throws IOException {
    adapter(16, false, null).write(folder());
    var file = folder().resolve(PeftAdapter.CONFIG);
    var text = Files.readString(file);
    Files.writeString(
        file,
        text.replaceAll("\"" + key + "\" : [^\\n\\[]*(\\[[^\\]]*\\])?,?\\n", "")
            .replaceFirst("\\{", "{\"" + key + "\" : " + json.replace("\\", "\\\\") + ","));
  }

  private void tensors(String name, Tensor tensor) {
    adapter(16, false, null).write(folder());
    var file = folder().resolve(PeftAdapter.WEIGHTS);
    var tensors = new LinkedHashMap<String, Tensor>();
    try (var old = SafetensorsFile.open(file)) {
      old.tensors()
          .forEach(
              (n, t) -> {
                var copy = MemorySegment.ofArray(new byte[(int) t.length()]);
                tensors.put(n, new Tensor(t.dtype(), t.shape(), copy.copyFrom(old.bytes(n))));
              });
    }
    tensors.put(name, tensor);
    SafetensorsWriter.write(file, Map.of(), tensors);
  }

  @Test
  void readsWhatItWrote() {
    for (boolean rsLora : new boolean[] {false, true}) {
      var adapter = adapter(16.5, rsLora, "abc123");
      adapter.write(folder());
      assertThat(PeftAdapter.read(folder())).isEqualTo(adapter);
    }
    assertThat(temporary).isDirectoryNotContaining("glob:**/.adapter*");
  }

  @Test
  void namesTensorsAsPeftDoes() {
    adapter(16, false, null).write(folder());
    try (var file = SafetensorsFile.open(folder().resolve(PeftAdapter.WEIGHTS))) {
      assertThat(file.tensors().keySet())
          .containsExactly(
              "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight",
              "base_model.model.model.layers.0.mlp.up_proj.lora_B.weight",
              "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
              "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight");
      assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
    }
  }

  @Test
  void aDoraHasAVectorOfMagnitudesForEveryLayer() throws IOException {
    var dora = dora();
    dora.write(folder());
    assertThat(PeftAdapter.read(folder())).isEqualTo(dora);
    try (var file = SafetensorsFile.open(folder().resolve(PeftAdapter.WEIGHTS))) {
      assertThat(file.tensor("base_model.model." + UP + ".lora_magnitude_vector").shape())
          .containsExactly(6);
    }
    config("use_dora", "true");
    refused("use_dora is true, and magnitudes are missing", UP);
    dora.write(folder());
    var weights = folder().resolve(PeftAdapter.WEIGHTS);
    var whole = Files.readAllBytes(weights);
    tensors("base_model.model." + Q + ".lora_magnitude_vector", Tensor.of(new float[4], 4));
    Files.write(weights, whole);
    refused("it has magnitudes, and use_dora is false");
  }

  private static PeftAdapter dora() {
    var plain = adapter(16, false, "abc");
    var modules = new LinkedHashMap<String, LoraPair>();
    plain
        .modules()
        .forEach(
            (name, pair) -> {
              int out = pair.b().rows();
              var lengths = new float[out];
              for (int i = 0; i < out; i++) {
                lengths[i] = 1 + i;
              }
              modules.put(name, new LoraPair(pair.a(), pair.b(), new Matrix(out, 1, lengths)));
            });
    var targets = plain.config().targets();
    return new PeftAdapter(
        new AdapterConfig(2, 16, false, true, 0, targets, "smol", "abc"), modules);
  }

  @Test
  void writesTheSameBytesForTheSameAdapter() throws IOException {
    var adapter = adapter(16, false, "abc");
    var reversed = new PeftAdapter(adapter.config(), adapter.modules().reversed());
    adapter.write(folder());
    reversed.write(temporary.resolve("again"));
    for (var name : adapter.files().keySet()) {
      assertThat(temporary.resolve("again").resolve(name))
          .hasSameBinaryContentAs(folder().resolve(name));
    }
    assertThat(Files.readString(folder().resolve(PeftAdapter.CONFIG)))
        .contains("\"lora_alpha\" : 16,", "\"peft_type\" : \"LORA\"");
  }

  @Test
  void whatIsSavedWholeComesBack() {
    var plain = adapter(16, false, "abc");
    var values = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
    var saved = new LinkedHashMap<String, StoredValues>();
    var stored = new StoredValues(Encoding.F32, values.shape(), values.bytes());
    saved.put("model.embed_tokens.weight", stored);
    var c = plain.config();
    var config =
        new AdapterConfig(2, 16, false, 0, c.targets(), "s", "a")
            .saving(new TreeSet<>(Set.of("embed_tokens")), true);
    new PeftAdapter(config, plain.modules(), saved).write(folder());

    var read = PeftAdapter.read(folder());
    assertThat(read.config()).isEqualTo(config);
    assertThat(read.modules()).isEqualTo(plain.modules());
    assertThat(read.saved().keySet()).containsExactly("model.embed_tokens.weight");
    var found = Objects.requireNonNull(read.saved().get("model.embed_tokens.weight"));
    assertThat(found.shape()).containsExactly(3, 2);
    assertThat(found.bytes().mismatch(stored.bytes())).isEqualTo(-1);
    assertThat(WholeModel.isServedMerged(folder())).isTrue();
    plain.write(folder());
    assertThat(WholeModel.isServedMerged(folder())).isFalse();
  }

  @Test
  void rowsOfTokensComeBackInTheirOrder() throws IOException {
    var plain = adapter(16, false, "abc");
    var c = plain.config();
    var config = c.training(new TreeMap<>(Map.of("embed_tokens", List.of(3, 7))));
    var rows = new LinkedHashMap<String, RowValues>();
    rows.put("model.embed_tokens.weight", new RowValues(List.of(3, 7), new float[] {1, 2, 3, 4}));
    new PeftAdapter(config, plain.modules(), new LinkedHashMap<>(), rows).write(folder());

    var read = PeftAdapter.read(folder());
    assertThat(read.config()).isEqualTo(config);
    var found = Objects.requireNonNull(read.rows().get("model.embed_tokens.weight"));
    assertThat(found.ids()).containsExactly(3, 7);
    assertThat(found.values()).containsExactly(1, 2, 3, 4);
    assertThat(WholeModel.isServedMerged(folder())).isTrue();

    // PEFT takes any order, and a list alone for the embedding's.
    var file = folder().resolve(PeftAdapter.CONFIG);
    var text = Files.readString(file);
    Files.writeString(
        file, text.replaceAll("\\{\\s*\"embed_tokens\" : \\[ 3, 7 \\]\\s*\\}", "[7, 3]"));
    assertThat(PeftAdapter.read(folder()).config()).isEqualTo(config);
    found = PeftAdapter.read(folder()).rows().values().iterator().next();
    assertThat(found.ids()).containsExactly(3, 7);
    assertThat(found.values()).containsExactly(3, 4, 1, 2);
    Files.writeString(file, text.replace("3, 7", "3"));
    refused("rows for the tokens [3]");
  }

  /** The adapter and its numbers come from benchmarks/reference/peft_adapter.py. */
  @Test
  void readsWhatPeftSaved() throws Exception {
    var saved = Objects.requireNonNull(PeftAdapterTest.class.getResource("peft"));
    var adapter = PeftAdapter.read(Path.of(saved.toURI()));
    assertThat(adapter.config())
        .isEqualTo(
            new AdapterConfig(
                2,
                6,
                true,
                0.1,
                new TreeSet<>(
                    Set.of(
                        "q_proj",
                        "k_proj",
                        "v_proj",
                        "o_proj",
                        "gate_proj",
                        "up_proj",
                        "down_proj")),
                "tiny",
                null));
    assertThat(adapter.modules()).hasSize(7).containsKey(Q);
    var pair = Objects.requireNonNull(adapter.modules().get(Q));
    assertThat(pair.a().values())
        .hasSize(16)
        .startsWith(0.1904296875f, -0.052490234375f, 0.181640625f, -0.314453125f);
    adapter.write(folder());
    assertThat(PeftAdapter.read(folder())).isEqualTo(adapter);
  }

  @Test
  void fitsOnlyTheBaseItWasMadeFor() {
    var adapter = adapter(16, false, null);
    adapter.requireFits(new Shapes(Map.of(Q, new long[] {4, 4}, UP, new long[] {6, 4})), false);
    adapter.requireFits(new Shapes(Map.of(Q, new long[] {4, 4}, UP, new long[] {4, 6})), true);
    assertThatThrownBy(() -> adapter.requireFits(new Shapes(Map.of(Q, new long[] {8, 4})), false))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(
            "made for another base (smol)",
            "the base has no " + UP,
            Q + " maps 4 to 8, the adapter 4 to 4");
  }

  /** A base of which only shapes are asked. */
  private record Shapes(Map<String, long[]> layers) implements Weights {
    @Override
    public Set<String> names() {
      return layers.keySet().stream().map(l -> l + ".weight").collect(Collectors.toSet());
    }

    @Override
    public long[] shape(String name) {
      return Objects.requireNonNull(layers.get(name.replace(".weight", "")));
    }

    @Override
    public Encoding encoding(String name) {
      throw new AssertionError("shapes are enough");
    }

    @Override
    public void rows(String name, long first, int count, float[] to) {
      throw new AssertionError("shapes are enough");
    }

    @Override
    public void read(String name, As type, MemorySegment target) {
      throw new AssertionError("shapes are enough");
    }

    @Override
    public void close() {}
  }

  @Test
  void scalesAsTheMethodSays() {
    assertThat(adapter(16, false, null).config().scale()).isEqualTo(8);
    assertThat(adapter(16, true, null).config().scale()).isEqualTo(16 / Math.sqrt(2));
  }

  @Test
  void widensHalfPrecision() {
    var name = "base_model.model." + Q + ".lora_A.weight";
    var halves = MemorySegment.ofArray(new byte[16]);
    halves.set(ValueLayout.JAVA_BYTE, 1, (byte) 0x3c); // 1 in float16
    for (var dtype : new Dtype[] {Dtype.F16, Dtype.BF16}) {
      tensors(name, new Tensor(dtype, new long[] {2, 4}, halves));
      var pair = PeftAdapter.read(folder()).modules().get(Q);
      assertThat(pair).isNotNull();
      if (pair != null) {
        assertThat(pair.a().values()[0]).isEqualTo(dtype == Dtype.F16 ? 1f : 0x1p-7f);
      }
    }
  }

  @Test
  void takesTargetsFromTheTensorsWhenTheConfigHasAPattern() throws IOException {
    config("target_modules", "\"all-linear\"");
    assertThat(PeftAdapter.read(folder()).config().targets()).containsExactly("q_proj", "up_proj");
    config("target_modules", "\".*(q|up)_proj\"");
    assertThat(PeftAdapter.read(folder()).config().targets()).containsExactly("q_proj", "up_proj");
    config("target_modules", "[\"q_proj\", \"k_proj\"]");
    refused("target_modules names \"k_proj\", and no tensor belongs to it");
  }

  @Test
  void takesTargetsAsTheConfigListsThemWhereTheyNamePartsOfLayers() throws IOException {
    config("target_modules", "[\"self_attn.q_proj\", \"up_proj\"]");
    assertThat(PeftAdapter.read(folder()).config().targets())
        .containsExactly("self_attn.q_proj", "up_proj");
    config("target_modules", "[\"" + Q + "\", \"" + UP + "\"]");
    assertThat(PeftAdapter.read(folder()).config().targets()).containsExactly("q_proj", "up_proj");
  }

  @Test
  void knowsTheTaskOfAnEncoderDecoder() throws IOException {
    config("task_type", "\"SEQ_2_SEQ_LM\"");
    assertThat(PeftAdapter.read(folder()).modules()).hasSize(2);
  }

  @Test
  void readsWhatPeftWritesForGpt2sTurnedMatrices() throws IOException {
    config("fan_in_fan_out", "true");
    assertThat(PeftAdapter.read(folder()).modules()).hasSize(2);
  }

  @Test
  void refusesVariantsThatAreComputedOtherwise() throws IOException {
    for (var variant :
        Map.of(
                "rank_pattern", "{\"q_proj\": 4}",
                "alpha_pattern", "{\"q_proj\": 4}",
                "lora_bias", "true",
                "some_new_variant", "{\"x\": 1}")
            .entrySet()) {
      config(variant.getKey(), variant.getValue());
      refused(variant.getKey(), "not supported");
    }
    config("trainable_token_indices", "[1]");
    refused("trainable_token_indices is [1], and no tensor belongs to it");
    config("modules_to_save", "[\"lm_head\"]");
    refused("modules_to_save names \"lm_head\", and no tensor belongs to it");
    config("bias", "\"all\"");
    refused("bias is \"all\"");
    config("peft_type", "\"IA3\"");
    refused("peft_type is \"IA3\"");
    config("task_type", "\"SEQ_CLS\"");
    refused("task_type is SEQ_CLS");
    config("init_lora_weights", "\"pissa\"");
    refused("changes the base's weights");
    config("r", "0");
    refused("r is 0");
    config("r", "3");
    refused("the rank is 3");
    config("rank_pattern", "{}");
    assertThat(PeftAdapter.read(folder()).modules()).hasSize(2);
  }

  @Test
  void refusesTensorsThatAreNoPairs() {
    var four = new float[4];
    tensors("base_model.model.lm_head.lora_embedding_A", Tensor.of(four, 4));
    refused("no LoRA of a linear layer", "lm_head.lora_embedding_A");
    tensors("base_model.model." + Q + ".lora_magnitude_vector", Tensor.of(four, 4));
    refused("it has magnitudes, and use_dora is false", Q);
    tensors("base_model.model.x.lora_A.weight", Tensor.of(four, 2, 2));
    refused("no such tensor", "x.lora_B.weight");
    tensors("base_model.model." + Q + ".lora_A.weight", Tensor.of(four, 4));
    refused("shape [4]");
    tensors("base_model.model." + Q + ".lora_A.weight", Tensor.of(four, 4, 1));
    refused("A is 4 x 1", "the rank is 2");
    four[3] = Float.NaN;
    tensors("base_model.model." + Q + ".lora_A.weight", Tensor.of(four, 2, 2));
    refused("it holds NaN", Q);
  }

  @Test
  void refusesDirectoriesThatAreNoAdapter() throws IOException {
    refused("holds no PEFT adapter");
    Files.createDirectories(folder());
    Files.writeString(folder().resolve("adapter_model.bin"), "");
    refused("pickled");
    adapter(16, false, null).write(folder());
    Files.delete(folder().resolve(PeftAdapter.CONFIG));
    refused("no such file", PeftAdapter.CONFIG);
  }
}
