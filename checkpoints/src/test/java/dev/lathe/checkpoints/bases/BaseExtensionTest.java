package dev.lathe.checkpoints.bases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.quantized.Blocks;
import dev.lathe.checkpoints.quantized.Encoding;
import dev.lathe.checkpoints.safetensors.SafetensorsFile;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class BaseExtensionTest {
  private static final AddedTokens WORDS = new AddedTokens(List.of("<|order|>", "<|sku|>"), false);

  @TempDir Path home;
  private BaseStore store;

  @BeforeEach
  void open() {
    store = new BaseStore(home.resolve("bases"));
    TinyBase.create(store);
  }

  private Base extend(String from, AddedTokens tokens, String to) {
    return new BaseExtension(store).extend(from, tokens, to, null);
  }

  /** A directory with the tiny base's files, changed, under a name of its own. */
  private Base changed(
      UnaryOperator<ObjectNode> config, Map<String, Tensor> weights, String name, String... shards)
      throws IOException {
    var folder = Files.createDirectories(home.resolve(name));
    var tiny = store.require("tiny").folder();
    for (var leaf : List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")) {
      Files.copy(tiny.resolve(leaf), folder.resolve(leaf));
    }
    var json = (ObjectNode) JsonMapper.shared().readTree(tiny.resolve("config.json").toFile());
    Files.writeString(folder.resolve("config.json"), config.apply(json).toString());
    if (shards.length == 0) {
      SafetensorsWriter.write(
          folder.resolve("model.safetensors"), Map.of(), new LinkedHashMap<>(weights));
    } else {
      var index = JsonMapper.shared().createObjectNode();
      var map = index.putObject("weight_map");
      index.putObject("metadata").put("total_size", 1000);
      for (int i = 0; i < shards.length; i++) {
        var file = "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.length);
        var part = new LinkedHashMap<String, Tensor>();
        for (var w : weights.entrySet()) {
          boolean first = w.getKey().matches(shards[0]);
          if (first == (i == 0)) {
            part.put(w.getKey(), w.getValue());
            map.put(w.getKey(), file);
          }
        }
        SafetensorsWriter.write(folder.resolve(file), Map.of(), part);
      }
      Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
    }
    return new Pull(store).pull(folder.toString(), p -> {});
  }

  private Map<String, Tensor> tinyWeights(int moreRows, boolean head) {
    var weights = new LinkedHashMap<String, Tensor>();
    try (var file =
        SafetensorsFile.open(store.require("tiny").folder().resolve("model.safetensors"))) {
      for (var t : file.tensors().entrySet()) {
        long[] shape = t.getValue().shape().clone();
        var values = new float[(int) (t.getValue().length() / 4)];
        Blocks.decode(Encoding.F32, file.bytes(t.getKey()), 0, values, values.length);
        if (t.getKey().equals("model.embed_tokens.weight")) {
          shape[0] += moreRows;
          values = Arrays.copyOf(values, values.length + 64 * moreRows);
          Arrays.fill(values, 64 * 336, values.length, 7f);
        }
        weights.put(t.getKey(), Tensor.of(values, shape));
      }
    }
    if (head) {
      var values = new float[(336 + moreRows) * 64];
      for (int i = 0; i < values.length; i++) {
        values[i] = i / 64;
      }
      weights.put("lm_head.weight", Tensor.of(values, 336L + moreRows, 64));
    }
    return weights;
  }

  private static float[] row(Base base, String name, int row) {
    var values = new float[base.config().hiddenSize()];
    try (var weights = base.weights()) {
      weights.rows(name, row, 1, values);
    }
    return values;
  }

  private static float[] mean(Base base, String name, int rows) {
    int width = base.config().hiddenSize();
    var values = new float[rows * width];
    try (var weights = base.weights()) {
      weights.rows(name, 0, rows, values);
    }
    var mean = new float[width];
    for (int j = 0; j < width; j++) {
      double sum = 0;
      for (int i = 0; i < rows; i++) {
        sum += values[i * width + j];
      }
      mean[j] = (float) (sum / rows);
    }
    return mean;
  }

  @Test
  void everyNewTokenBeginsAsTheMeanAndNothingElseChanges() throws IOException {
    var tiny = store.require("tiny");
    var more = extend("tiny", WORDS, "tiny-desk");

    assertThat(more.config().vocabSize()).isEqualTo(338);
    assertThat(more.weightsSha256()).isNotEqualTo(tiny.weightsSha256());
    assertThat(more.tokenizerSha256()).isNotEqualTo(tiny.tokenizerSha256());
    assertThat(more.templateSha256()).isEqualTo(tiny.templateSha256());
    var name = "model.embed_tokens.weight";
    assertThat(row(more, name, 335)).isEqualTo(row(tiny, name, 335));
    assertThat(row(more, name, 336))
        .isEqualTo(mean(tiny, name, 336))
        .isEqualTo(row(more, name, 337));
    var record = store.record("tiny-desk");
    assertThat(record.source())
        .startsWith("extended from tiny (weights " + tiny.weightsSha256().substring(0, 12))
        .endsWith("with the tokens <|order|>, <|sku|>");
    assertThat(record.extension())
        .isEqualTo(
            new BaseRecord.Extension("tiny", tiny.weightsSha256(), WORDS.tokens(), false, 336));
    try (var before = tiny.weights();
        var after = more.weights()) {
      assertThat(after.names()).isEqualTo(before.names());
      for (var tensor : before.names()) {
        if (!tensor.equals(name)) {
          assertThat(bytes(more, tensor)).as(tensor).isEqualTo(bytes(tiny, tensor));
        }
      }
    }
    // The same again is the same base; and it is verified like any other.
    assertThat(extend("tiny", WORDS, "tiny-desk")).isEqualTo(more);
    store.verify("tiny-desk");
    Files.writeString(more.chatTemplate(), "");
    assertThatThrownBy(() -> store.require("tiny-desk"))
        .hasMessageContaining("bases extend tiny --tokens '<|order|>,<|sku|>' --name tiny-desk");
  }

  private static byte[] bytes(Base base, String tensor) {
    try (var file = SafetensorsFile.open(base.folder().resolve("model.safetensors"))) {
      return file.bytes(tensor).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Test
  void aHeadOfItsOwnGrowsTooAndRowsThatNoTokenHadAreTakenFirst() throws IOException {
    changed(
        c -> c.put("tie_word_embeddings", false).put("vocab_size", 339),
        tinyWeights(3, true),
        "wide");

    var more = extend("wide", WORDS, "wide-desk");
    assertThat(more.config().vocabSize()).isEqualTo(339);
    assertThat(row(more, "model.embed_tokens.weight", 337))
        .isEqualTo(mean(store.require("tiny"), "model.embed_tokens.weight", 336));
    assertThat(row(more, "model.embed_tokens.weight", 338)).containsOnly(7f);
    assertThat(row(more, "lm_head.weight", 336)).containsOnly(167.5f);
    assertThat(row(more, "lm_head.weight", 338)).containsOnly(338f);

    var all = new AddedTokens(List.of("a b", "c d", "e f", "g h"), true);
    var longer = extend("wide", all, "wide-long");
    assertThat(longer.config().vocabSize()).isEqualTo(340);
    assertThat(row(longer, "lm_head.weight", 339)).containsOnly(167.5f);
  }

  @Test
  void aShardWithoutEmbeddingsIsTheSameFile() throws IOException {
    var base = changed(c -> c, tinyWeights(0, false), "cut", ".*embed_tokens.*", ".*");
    var more = extend("cut", WORDS, "cut-desk");

    var last = "model-00002-of-00002.safetensors";
    assertThat(Files.isSameFile(base.folder().resolve(last), more.folder().resolve(last))).isTrue();
    assertThat(row(more, "model.embed_tokens.weight", 337))
        .isEqualTo(mean(store.require("tiny"), "model.embed_tokens.weight", 336));
    assertThat(more.folder().resolve("model.safetensors.index.json"))
        .content()
        .contains("\"total_size\": " + (1000 + 2 * 64 * 4));
    store.remove("cut");
    store.verify("cut-desk");
  }

  @Test
  void aGgufFileGrowsAsOne() throws IOException {
    var file = Files.write(home.resolve("small.gguf"), SmallGguf.bytes());
    var base = new Pull(store).pull(file.toString(), p -> {});
    var more =
        new BaseExtension(store)
            .extend(base.name(), WORDS, "small-desk", "{{ messages[0]['content'] }}!");

    int before = base.config().vocabSize();
    assertThat(more.config().vocabSize()).isEqualTo(before + 2);
    assertThat(row(more, "model.embed_tokens.weight", before))
        .isEqualTo(mean(base, "model.embed_tokens.weight", before));
    try (var gguf = GgufFile.open(ServedBase.ownFile(more).orElseThrow())) {
      var tokens = (List<?>) gguf.metadata().get("tokenizer.ggml.tokens");
      assertThat(tokens).hasSize(before + 2).last().isEqualTo("<|sku|>");
      assertThat((List<?>) gguf.metadata().get("tokenizer.ggml.token_type")).last().isEqualTo(4L);
      assertThat(gguf.text("tokenizer.chat_template")).hasValue("{{ messages[0]['content'] }}!");
    }
    assertThat(more.chatTemplate()).content().endsWith("!");
  }

  @Test
  void whatCannotBeAddedIsNamed() {
    extend("tiny", WORDS, "tiny-desk");
    refuses("tiny", List.of("<|im_end|>", " the"), "other", "'<|im_end|>' is its token 2");
    refuses("tiny-desk", List.of("<|sku|>"), "other", "'<|sku|>' is its token 337");
    refuses("tiny", List.of("<|more|>"), "tiny-desk", "another base has this name: tiny-desk");
    refuses("tiny", List.of("<|more|>"), "smollm2-135m-instruct", "can be pulled");
    refuses("tiny", List.of("<|more|>"), "../x", "not a name for a base");
    refuses("tyni", List.of("<|more|>"), "other", "Did you mean 'tiny'?");
    refuses(
        "tiny",
        List.of("a b", " ", "a b"),
        "other",
        "a token is blank",
        "'a b' stands there twice");
    refuses("tiny", List.of(), "other", "there are none");
    refuses("tiny", List.of("zürn"), "other", "as something else: zürn");
  }

  private void refuses(String from, List<String> tokens, String to, String... words) {
    assertThatThrownBy(() -> extend(from, new AddedTokens(tokens, false), to))
        .isInstanceOf(BadInput.class)
        .hasMessageContainingAll(words);
    assertThat(store.find(to.matches("[a-z].*") ? to : "none").map(Base::source).orElse(""))
        .doesNotContain("more");
  }
}
