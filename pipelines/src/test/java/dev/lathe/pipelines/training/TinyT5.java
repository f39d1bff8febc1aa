package dev.lathe.pipelines.training;

import dev.lathe.checkpoints.bases.Base;
import dev.lathe.checkpoints.bases.BaseStore;
import dev.lathe.checkpoints.bases.ModelConfigs;
import dev.lathe.checkpoints.bases.Pull;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;

/** A tiny random T5 1.1 with a Unigram tokenizer as its family has it, pulled from a directory. */
public final class TinyT5 {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final List<String> SPECIALS = List.of("<pad>", "</s>", "<unk>");
  private static final String LETTERS =
      "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;!?'[]-";
  private static final List<String> WORDS =
      List.of("▁the", "▁is", "▁order", "▁in", "▁Yes", "▁by", "▁Is", "▁of", "▁here", "▁for");

  private TinyT5() {}

  /**
   * @param name of the base; one with "godel" in it gets that template
   */
  public static Base in(Path home, String name) {
    var folder = home.resolve("downloads").resolve(name);
    try {
      Files.createDirectories(folder);
      var vocabulary = vocabulary();
      write(folder, "tokenizer.json", tokenizer(vocabulary));
      write(folder, "tokenizer_config.json", Map.of("eos_token", "</s>", "pad_token", "<pad>"));
      write(folder, "config.json", config(vocabulary.size()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    SafetensorsWriter.write(folder.resolve("model.safetensors"), Map.of(), weights(folder));
    return new Pull(new BaseStore(home.resolve("bases"))).pull(folder.toString(), p -> {});
  }

  private static void write(Path folder, String file, Object json) throws IOException {
    Files.writeString(folder.resolve(file), JSON.writeValueAsString(json));
  }

  private static List<List<Object>> vocabulary() {
    var vocabulary = new ArrayList<List<Object>>();
    SPECIALS.forEach(token -> vocabulary.add(List.of(token, 0.0)));
    LETTERS.chars().forEach(c -> vocabulary.add(List.of(Character.toString(c), -6.0)));
    WORDS.forEach(word -> vocabulary.add(List.of(word, -3.0)));
    return vocabulary;
  }

  private static Map<String, Object> tokenizer(List<List<Object>> vocabulary) {
    var added = new ArrayList<Map<String, Object>>();
    for (int id = 0; id < SPECIALS.size(); id++) {
      var token = new LinkedHashMap<String, Object>();
      token.put("id", id);
      token.put("content", SPECIALS.get(id));
      for (var flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
        token.put(flag, false);
      }
      token.put("special", true);
      added.add(token);
    }
    var metaspace = Map.of("type", "Metaspace", "replacement", "▁", "prepend_scheme", "always");
    var json = new LinkedHashMap<String, Object>();
    json.put("version", "1.0");
    json.put("added_tokens", added);
    json.put("normalizer", Map.of("type", "NFKC"));
    json.put(
        "pre_tokenizer",
        Map.of(
            "type",
            "Sequence",
            "pretokenizers",
            List.of(Map.of("type", "WhitespaceSplit"), metaspace)));
    json.put(
        "post_processor",
        Map.of(
            "type",
            "TemplateProcessing",
            "single",
            List.of(
                Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                Map.of("SpecialToken", Map.of("id", "</s>", "type_id", 0))),
            "pair",
            List.of(
                Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                Map.of("Sequence", Map.of("id", "B", "type_id", 0))),
            "special_tokens",
            Map.of("</s>", Map.of("id", "</s>", "ids", List.of(1), "tokens", List.of("</s>")))));
    json.put("decoder", metaspace);
    json.put("model", Map.of("type", "Unigram", "unk_id", 2, "vocab", vocabulary));
    return json;
  }

  private static Map<String, Object> config(int vocabulary) {
    var json = new LinkedHashMap<String, Object>();
    json.put("architectures", List.of("T5ForConditionalGeneration"));
    json.put("model_type", "t5");
    json.put("vocab_size", vocabulary);
    json.put("d_model", 32);
    json.put("d_kv", 8);
    json.put("d_ff", 48);
    json.put("num_layers", 2);
    json.put("num_heads", 4);
    json.put("feed_forward_proj", "gated-gelu");
    json.put("tie_word_embeddings", false);
    json.put("decoder_start_token_id", 0);
    json.put("pad_token_id", 0);
    json.put("eos_token_id", 1);
    return json;
  }

  private static LinkedHashMap<String, Tensor> weights(Path folder) {
    var random = new Random(11);
    var tensors = new LinkedHashMap<String, Tensor>();
    ModelConfigs.read(folder)
        .tensors()
        .forEach(
            (name, shape) -> {
              var values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
              for (int i = 0; i < values.length; i++) {
                values[i] = shape.length == 1 ? 1 : (float) (random.nextGaussian() * 0.15);
              }
              tensors.put(name, Tensor.of(values, shape));
            });
    return tensors;
  }
}
