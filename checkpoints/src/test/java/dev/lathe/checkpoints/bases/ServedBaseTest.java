package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Bfloat16;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.Dtype;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class ServedBaseTest {
  private static final JsonMapper JSON = JsonMapper.shared();

  @TempDir Path home;

  private Base tiny() {
    return TinyBase.create(new BaseStore(home.resolve("bases")));
  }

  @Test
  void holdsTheBasesWeightsExactly() {
    var base = tiny();
    ServedBase.check(base);
    assertThat(base.folder()).isDirectoryNotContaining("glob:**/*serving.gguf*");
    var file = ServedBase.of(base);
    assertThat(file).isEqualTo(base.folder().resolve("serving.gguf"));
    sameWeights(base, file);
    try (var gguf = GgufFile.open(file)) {
      assertThat(gguf.tensors().values()).allMatch(t -> t.encoding() == Encoding.F32);
      assertThat(gguf.metadata())
          .containsEntry("general.architecture", "llama")
          .containsEntry("general.file_type", 0L)
          .containsEntry("llama.block_count", 2L)
          .containsEntry("llama.attention.head_count_kv", 2L)
          .containsEntry("llama.rope.dimension_count", 16L)
          .containsEntry("llama.rope.freq_base", 10_000.0)
          .containsEntry("llama.context_length", 2048L);
    }
  }

  @Test
  void whatABaseBecameHasAFileOfItsOwn() throws IOException {
    var base = tiny();
    var file = home.resolve("models/support/.served-1/serving.gguf");
    for (var identity : List.of("one", "one", "another")) {
      assertThat(ServedBase.of(base, base::weights, identity, file)).isEqualTo(file);
    }
    sameWeights(base, file);
    var made = Files.getLastModifiedTime(file);
    ServedBase.of(
        base,
        () -> {
          throw new AssertionError("it is there already");
        },
        "another",
        file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(made);
    assertThat(base.folder()).isDirectoryNotContaining("glob:**/*serving.gguf*");
  }

  /** The file is read by the code that reads other people's GGUF files. */
  private void sameWeights(Base base, Path file) {
    var apart = home.resolve("apart");
    try {
      Files.createDirectories(apart);
      Files.copy(file, apart.resolve("model.gguf"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    try (var arena = Arena.ofConfined();
        var expected = base.weights();
        var found = BaseFiles.open(apart, base.config())) {
      assertThat(found.names()).isEqualTo(expected.names());
      for (var name : expected.names()) {
        long count = 1;
        for (long d : expected.shape(name)) {
          count *= d;
        }
        var one = arena.allocate(count * 4);
        var other = arena.allocate(count * 4);
        expected.read(name, Weights.As.F32, one);
        found.read(name, Weights.As.F32, other);
        assertThat(one.mismatch(other)).as(name).isEqualTo(-1);
      }
    }
  }

  @Test
  void turnsTheTokenizerIntoWhatItWouldBeReadFrom() {
    var base = tiny();
    JsonNode original = read(base.tokenizer());
    try (var gguf = GgufFile.open(ServedBase.of(base))) {
      assertThat(JSON.<JsonNode>valueToTree(GgufTokenizer.tokenizerJson(gguf.metadata())))
          .isEqualTo(original);
      assertThat(gguf.text("tokenizer.ggml.pre")).contains("smollm");
      assertThat(gguf.metadata())
          .containsEntry("tokenizer.ggml.bos_token_id", 1L)
          .containsEntry("tokenizer.ggml.eos_token_id", 2L)
          .containsEntry("tokenizer.ggml.unknown_token_id", 0L)
          .containsEntry("tokenizer.ggml.padding_token_id", 2L)
          .containsEntry("tokenizer.ggml.add_bos_token", false);
      assertThat(gguf.text("tokenizer.chat_template")).isEqualTo(text(base.chatTemplate()));
    }
  }

  private static java.util.Optional<String> text(Path file) {
    try {
      return java.util.Optional.of(Files.readString(file));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ObjectNode read(Path file) {
    return (ObjectNode) JSON.readTree(file);
  }

  @Test
  void isMadeOnceAndAgainWhenItIsDamagedOrTheBaseIsAnother() throws IOException {
    var base = tiny();
    var file = ServedBase.of(base);
    var first = Files.readAllBytes(file);
    var old = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, old);
    ServedBase.of(base);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(old);

    Files.write(file, java.util.Arrays.copyOf(first, first.length - 100));
    ServedBase.of(base);
    assertThat(file).hasBinaryContent(first);

    Files.writeString(base.chatTemplate(), "{{ messages[0].content }}");
    ServedBase.of(base);
    try (var gguf = GgufFile.open(file)) {
      assertThat(gguf.text("tokenizer.chat_template")).contains("{{ messages[0].content }}");
    }
  }

  @Test
  void staysOutOfTheBasesWeights() {
    var base = tiny();
    ServedBase.of(base);
    var store = new BaseStore(home.resolve("bases"));
    assertThat(store.verify("tiny").weightsSha256()).isEqualTo(base.weightsSha256());
    store.require("tiny").weights().close();
  }

  @Test
  void manyMayAskAtOnce() throws Exception {
    var base = tiny();
    var tasks = new ArrayList<Callable<Path>>();
    for (int i = 0; i < 8; i++) {
      tasks.add(() -> ServedBase.of(base));
    }
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var done : threads.invokeAll(tasks)) {
        try (var gguf = GgufFile.open(done.get())) {
          assertThat(gguf.tensors()).hasSize(20);
        }
      }
    }
    assertThat(base.folder()).isDirectoryNotContaining("glob:**/*.aside");
  }

  @Test
  void aGgufBaseIsServedAsItCame() throws IOException {
    var folder = Files.createDirectories(home.resolve("small"));
    var file = Files.write(folder.resolve("small.gguf"), SmallGguf.bytes());
    GgufModel.complete(file);
    var base = new Base("small", folder, ModelConfigs.read(folder), "abc", "here");
    assertThat(ServedBase.of(base)).isEqualTo(file);
    assertThat(folder).isDirectoryNotContaining("glob:**/serving.gguf");
  }

  @Test
  void halfPrecisionStaysWhatItIsAndVectorsAreWidened() {
    for (var dtype : List.of(Dtype.BF16, Dtype.F16)) {
      var base = tiny();
      halve(base, dtype);
      var half = new Base("tiny", base.folder(), base.config(), "of " + dtype, "here");
      var file = ServedBase.of(half);
      try (var gguf = GgufFile.open(file)) {
        assertThat(gguf.tensor("blk.0.attn_q.weight").encoding().name()).isEqualTo(dtype.name());
        assertThat(gguf.tensor("token_embd.weight").encoding().name()).isEqualTo(dtype.name());
        assertThat(gguf.tensor("output_norm.weight").encoding()).isEqualTo(Encoding.F32);
      }
      sameWeights(half, file);
      try {
        Durable.deleteTree(home.resolve("apart"));
        Durable.deleteTree(base.folder());
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  private static void halve(Base base, Dtype dtype) {
    rewrite(
        base,
        t -> {
          int count = (int) t.bytes().byteSize() / 4;
          var halves = MemorySegment.ofArray(new byte[count * 2]);
          for (int i = 0; i < count; i++) {
            float v = t.bytes().get(ValueLayout.JAVA_FLOAT_UNALIGNED, i * 4L);
            short half = dtype == Dtype.F16 ? Float.floatToFloat16(v) : Bfloat16.of(v);
            halves.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * 2L, half);
          }
          return new Tensor(dtype, t.shape(), halves);
        });
  }

  private static void rewrite(Base base, UnaryOperator<Tensor> change) {
    var file = base.folder().resolve("model.safetensors");
    var tensors = new LinkedHashMap<String, Tensor>();
    try (var from = SafetensorsFile.open(file)) {
      from.tensors()
          .forEach(
              (name, t) -> {
                var copy = MemorySegment.ofArray(new byte[(int) t.length()]);
                copy.copyFrom(from.bytes(name));
                tensors.put(name, change.apply(new Tensor(t.dtype(), t.shape(), copy)));
              });
    }
    SafetensorsWriter.write(file, Map.of(), tensors);
  }

  @Test
  void refusesWeightsThatAreNotFinite() {
    var base = tiny();
    rewrite(
        base,
        t -> {
          if (t.shape().length == 2 && t.shape()[0] == 32) {
            t.bytes().set(ValueLayout.JAVA_FLOAT_UNALIGNED, 400, Float.NaN);
          }
          return t;
        });
    assertThatThrownBy(() -> ServedBase.of(base))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll("not finite", "k_proj.weight, element 100");
    assertThat(base.folder()).isDirectoryNotContaining("glob:**/serving.gguf*");
  }

  @Test
  void refusesTokenizersThatLlamaCppWouldReadOtherwise() {
    refused(
        t -> t.putObject("pre_tokenizer").put("type", "Whitespace"), "pre_tokenizer", "none of");
    refused(t -> t.putObject("normalizer").put("type", "Lowercase"), "none of");
    refused(t -> model(t).put("ignore_merges", true), "none of");
    refused(t -> model(t).put("type", "Unigram"), "no byte-level BPE (model Unigram");
    refused(t -> model(t).put("byte_fallback", true), "no byte-level BPE");
    refused(t -> t.putObject("decoder").put("type", "Metaspace"), "decoder Metaspace");
    refused(t -> model(t).put("end_of_word_suffix", "</w>"), "end_of_word_suffix");
    refused(t -> model(t).putArray("merges").add("a b c"), "a merge has not two parts");
    refused(t -> vocabulary(t).put("surplus", 100_000), "surplus has the id 100000");
    refused(t -> vocabulary(t).put("other", 0), "its id 0 is both");
  }

  private static ObjectNode model(ObjectNode tokenizer) {
    return (ObjectNode) Objects.requireNonNull(tokenizer.get("model"));
  }

  private static ObjectNode vocabulary(ObjectNode tokenizer) {
    return (ObjectNode) Objects.requireNonNull(model(tokenizer).get("vocab"));
  }

  private void refused(java.util.function.Consumer<ObjectNode> change, String... why) {
    var base = tiny();
    var original = text(base.tokenizer()).orElseThrow();
    var changed = read(base.tokenizer());
    change.accept(changed);
    JSON.writeValue(base.tokenizer(), changed);
    assertThatThrownBy(() -> ServedBase.check(base)).isInstanceOf(BadInput.class);
    assertThatThrownBy(() -> ServedBase.of(base))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("llama.cpp cannot read texts as the base tiny does")
        .hasMessageContainingAll(why);
    assertThat(base.folder()).isDirectoryNotContaining("glob:**/*serving.gguf*");
    Durable.write(base.tokenizer(), original);
  }

  @Test
  void everyPreTokenizerIsFoundInItsOwnTokenizerJson() {
    for (var p : PreTokenizer.values()) {
      var name =
          PreTokenizer.nameOf(
              JSON.valueToTree(p.steps()), JSON.valueToTree(p.normalizer()), p.ignoreMerges());
      assertThat(name).hasValueSatisfying(n -> assertThat(PreTokenizer.named(n)).isEqualTo(p));
    }
    var terse = JSON.readTree("{\"type\": \"ByteLevel\", \"add_prefix_space\": false}");
    assertThat(PreTokenizer.nameOf(terse, JSON.nullNode(), false)).contains("gpt-2");
    var prefixed = JSON.readTree("{\"type\": \"ByteLevel\", \"add_prefix_space\": true}");
    assertThat(PreTokenizer.nameOf(prefixed, JSON.nullNode(), false)).isEmpty();
  }

  @Test
  void mergesMayBePairsAndUnusedEmbeddingsHaveNames() {
    var base = tiny();
    var tokenizer = read(base.tokenizer());
    var merges = model(tokenizer).putArray("merges");
    merges.addArray().add("u").add("s");
    vocabulary(tokenizer).remove("es");
    JSON.writeValue(base.tokenizer(), tokenizer);
    try (var gguf = GgufFile.open(ServedBase.of(base))) {
      int last = base.config().vocabSize() - 1;
      assertThat(gguf.metadata()).containsEntry("tokenizer.ggml.merges", List.of("u s"));
      assertThat(list(gguf, "tokenizer.ggml.tokens"))
          .hasSize(last + 1)
          .contains("[PAD" + last + "]");
      assertThat(list(gguf, "tokenizer.ggml.token_type")).endsWith(5L).startsWith(3L, 3L, 3L, 1L);
    }
  }

  private static List<Object> list(GgufFile gguf, String key) {
    return new ArrayList<>((List<?>) Objects.requireNonNull(gguf.metadata().get(key)));
  }

  @Test
  void severalEndTokensAreAllTold() {
    var base = tiny();
    var c = base.config();
    try {
      Files.writeString(
          base.folder().resolve("generation_config.json"), "{\"eos_token_id\": [0, 2, 5]}");
      var config = ModelConfigs.read(base.folder());
      assertThat(config.endTokens()).containsExactly(0, 2, 5);
      var ends = new Base("tiny", base.folder(), config, base.weightsSha256(), "here");
      try (var gguf = GgufFile.open(ServedBase.of(ends))) {
        assertThat(gguf.metadata())
            .containsEntry("tokenizer.ggml.eos_token_id", 2L)
            .containsEntry("tokenizer.ggml.eot_token_id", 0L)
            .containsEntry("tokenizer.ggml.eom_token_id", 5L);
      }
      Files.writeString(
          base.folder().resolve("generation_config.json"), "{\"eos_token_id\": [0, 2, 5, 6]}");
      var many = new Base("tiny", base.folder(), ModelConfigs.read(base.folder()), "other", "here");
      assertThatThrownBy(() -> ServedBase.of(many)).hasMessageContaining("more tokens than three");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(c.endTokens()).containsExactly(2);
  }
}
