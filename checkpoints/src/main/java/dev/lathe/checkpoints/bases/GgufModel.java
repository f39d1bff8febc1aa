package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.gguf.GgufFile;
import dev.lathe.checkpoints.input.BadInput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/** Writes the files of Hugging Face's layout that a GGUF file carries as metadata. */
final class GgufModel {
  private GgufModel() {}

  /**
   * Adds {@code config.json}, {@code generation_config.json}, {@code tokenizer.json}, {@code
   * tokenizer_config.json} and {@code chat_template.jinja} beside the GGUF file, each unless it is
   * there already.
   *
   * @throws BadInput when the file is corrupt, or holds a model or tokenizer not known here
   */
  static void complete(Path gguf) {
    Map<String, Object> metadata;
    Set<String> tensors;
    try (var file = GgufFile.open(gguf)) {
      metadata = file.metadata();
      tensors = Set.copyOf(file.tensors().keySet());
    }
    var folder = gguf.resolveSibling("");
    writeOnce(folder.resolve("config.json"), () -> HuggingFaceJson.text(config(metadata, tensors)));
    writeOnce(
        folder.resolve("generation_config.json"), () -> HuggingFaceJson.text(generation(metadata)));
    writeOnce(
        folder.resolve("tokenizer.json"),
        () -> HuggingFaceJson.text(GgufTokenizer.tokenizerJson(metadata)));
    writeOnce(
        folder.resolve("tokenizer_config.json"),
        () -> HuggingFaceJson.text(GgufTokenizer.tokenizerConfig(metadata)));
    new GgufMetadata(metadata)
        .text("tokenizer.chat_template")
        .ifPresent(t -> writeOnce(folder.resolve("chat_template.jinja"), () -> t));
  }

  /** {@code config.json} in the names of Hugging Face's Llama. */
  static Map<String, Object> config(Map<String, Object> metadata, Set<String> tensors) {
    var gguf = new GgufMetadata(metadata);
    var architecture = gguf.text("general.architecture").orElse("");
    if (!architecture.equals("llama")) {
      throw new BadInput(
          "a GGUF file of an architecture that cannot be trained here",
          architecture,
          "Llama is known; so are the bases of ./lathe bases.");
    }
    // Either says that positions are not turned by rope_theta alone (Llama 3.1, YaRN, …).
    var scaling = gguf.text("llama.rope.scaling.type").orElse("none");
    if (tensors.contains("rope_freqs.weight") || !scaling.equals("none")) {
      throw new BadInput(
          "a GGUF file with scaled rotary positions, which are not known here",
          "llama.rope.scaling.type = " + scaling,
          "Take a model without rope scaling.");
    }
    int hidden = gguf.require("llama.embedding_length");
    int heads = gguf.require("llama.attention.head_count");
    var json = new LinkedHashMap<String, Object>();
    json.put("architectures", new String[] {"LlamaForCausalLM"});
    json.put("attention_bias", tensors.contains("blk.0.attn_q.bias"));
    json.put("attention_dropout", 0.0);
    token(gguf, "bos_token_id").ifPresent(id -> json.put("bos_token_id", id));
    json.put("eos_token_id", gguf.require("tokenizer.ggml.eos_token_id"));
    json.put("head_dim", dimension(gguf, hidden, heads));
    json.put("hidden_act", "silu");
    json.put("hidden_size", hidden);
    json.put("initializer_range", 0.02);
    json.put("intermediate_size", gguf.require("llama.feed_forward_length"));
    json.put("max_position_embeddings", gguf.require("llama.context_length"));
    json.put("mlp_bias", false);
    json.put("model_type", "llama");
    json.put("num_attention_heads", heads);
    json.put("num_hidden_layers", gguf.require("llama.block_count"));
    json.put("num_key_value_heads", gguf.integer("llama.attention.head_count_kv").orElse(heads));
    token(gguf, "padding_token_id").ifPresent(id -> json.put("pad_token_id", id));
    json.put("rms_norm_eps", gguf.fraction("llama.attention.layer_norm_rms_epsilon"));
    json.put("rope_scaling", null);
    json.put("rope_theta", gguf.fraction("llama.rope.freq_base", 10_000));
    json.put("tie_word_embeddings", !tensors.contains("output.weight"));
    json.put("torch_dtype", "bfloat16");
    json.put("vocab_size", gguf.texts("tokenizer.ggml.tokens").size());
    return json;
  }

  private static Map<String, Object> generation(Map<String, Object> metadata) {
    var gguf = new GgufMetadata(metadata);
    var ends = new TreeSet<Integer>();
    ends.add(gguf.require("tokenizer.ggml.eos_token_id"));
    token(gguf, "eot_token_id").ifPresent(ends::add);
    var json = new LinkedHashMap<String, Object>();
    json.put("_from_model_config", true);
    token(gguf, "bos_token_id").ifPresent(id -> json.put("bos_token_id", id));
    json.put("eos_token_id", ends.size() == 1 ? ends.first() : ends);
    token(gguf, "padding_token_id").ifPresent(id -> json.put("pad_token_id", id));
    return json;
  }

  private static int dimension(GgufMetadata gguf, int hidden, int heads) {
    if (heads < 1) {
      throw new BadInput("a GGUF file without attention heads", "" + heads, GgufMetadata.REMEDY);
    }
    return (int) gguf.integer("llama.attention.key_length").orElse(hidden / heads);
  }

  private static Optional<Integer> token(GgufMetadata gguf, String key) {
    var full = "tokenizer.ggml." + key;
    return gguf.has(full) ? Optional.of(gguf.require(full)) : Optional.empty();
  }

  private static void writeOnce(Path file, Supplier<String> text) {
    if (!Files.exists(file)) {
      Durable.write(file, text.get());
    }
  }
}
