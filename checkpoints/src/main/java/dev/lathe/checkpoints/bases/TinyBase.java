package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.DiskFull;
import dev.lathe.checkpoints.files.Durable;
import dev.lathe.checkpoints.safetensors.SafetensorsWriter;
import dev.lathe.checkpoints.safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * A tiny random Llama, made on the spot: for tests, and for machines that no model can reach. It
 * knows nothing; training lowers its loss within a few steps.
 */
public final class TinyBase {
  public static final String NAME = "tiny";

  static final int HIDDEN = 64;
  static final int LAYERS = 2;
  static final int HEADS = 4;
  static final int KEY_VALUE_HEADS = 2;
  static final int HEAD = 16;
  static final int INNER = 128;

  private static final long SEED = 20_261_121;
  private static final List<String> SPECIALS =
      List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");

  /**
   * Frequent pieces of chat turns and of English; each is merged from its first byte on. Whole
   * words stand first: an earlier merge of two letters would cut them in pieces that no merge
   * joins.
   */
  private static final List<String> PIECES =
      List.of(
          "user",
          "assistant",
          "system",
          " the",
          " and",
          " you",
          " to",
          " of",
          " in",
          " is",
          " for",
          " your",
          " we",
          " it",
          " can",
          " a",
          " I",
          " not",
          " have",
          " please",
          " order",
          " help",
          " with",
          "  ",
          "ing",
          "tion",
          "ou",
          "ll",
          "th",
          "er",
          "ed",
          "es");

  private static final String CHAT_TEMPLATE =
      "{% for message in messages %}"
          + "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
          + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

  private TinyBase() {}

  /** The base {@code tiny} of this store, made when it is not there; always the same bytes. */
  public static Base create(BaseStore store) {
    synchronized (TinyBase.class) { // two requests at once must not both rename it into place
      var there = store.find(NAME);
      if (there.isPresent()) {
        return there.get();
      }
      var aside = store.aside(NAME);
      try {
        Durable.deleteTree(aside);
        Files.createDirectories(aside);
        write(aside);
        return store.adopt(aside, NAME, "made here (random weights)", List.of());
      } catch (IOException e) {
        throw DiskFull.orUnchecked(e, aside);
      } catch (UncheckedIOException e) {
        throw DiskFull.orUnchecked(Objects.requireNonNull(e.getCause()), aside);
      }
    }
  }

  private static void write(Path folder) {
    var vocabulary = new LinkedHashMap<String, Integer>();
    SPECIALS.forEach(token -> vocabulary.put(token, vocabulary.size()));
    for (char character : ByteLevel.alphabet()) {
      vocabulary.put(String.valueOf(character), vocabulary.size());
    }
    var merges = merges(vocabulary);
    Durable.write(
        folder.resolve("tokenizer.json"), HuggingFaceJson.text(tokenizer(vocabulary, merges)));
    Durable.write(folder.resolve("tokenizer_config.json"), HuggingFaceJson.text(tokenizerConfig()));
    Durable.write(folder.resolve("config.json"), HuggingFaceJson.text(config(vocabulary.size())));
    Durable.write(folder.resolve("chat_template.jinja"), CHAT_TEMPLATE);
    SafetensorsWriter.write(
        folder.resolve("model.safetensors"), Map.of("format", "pt"), weights(vocabulary.size()));
  }

  /** Grows each piece a character at a time; adds the tokens this makes to the vocabulary. */
  private static List<String> merges(Map<String, Integer> vocabulary) {
    var merges = new ArrayList<String>();
    for (String piece : PIECES) {
      var spelled = piece.replace(' ', ByteLevel.alphabet()[' ']);
      for (int end = 2; end <= spelled.length(); end++) {
        var left = spelled.substring(0, end - 1);
        var right = spelled.substring(end - 1, end);
        if (!vocabulary.containsKey(left + right)) {
          merges.add(left + " " + right);
          vocabulary.put(left + right, vocabulary.size());
        }
      }
    }
    return merges;
  }

  private static Map<String, Object> tokenizer(
      Map<String, Integer> vocabulary, List<String> merges) {
    var added = new ArrayList<Map<String, Object>>();
    for (int id = 0; id < SPECIALS.size(); id++) {
      added.add(GgufTokenizer.addedToken(id, SPECIALS.get(id), true));
    }
    var json = new LinkedHashMap<String, Object>();
    json.put("version", "1.0");
    json.put("truncation", null);
    json.put("padding", null);
    json.put("added_tokens", added);
    json.put("normalizer", null);
    json.put("pre_tokenizer", PreTokenizer.DIGITS.steps());
    json.put("post_processor", null);
    json.put("decoder", ByteLevel.step(true, true, true));
    json.put("model", GgufTokenizer.bpe(vocabulary, merges, false));
    return json;
  }

  private static Map<String, Object> tokenizerConfig() {
    var json = new LinkedHashMap<String, Object>();
    json.put("bos_token", "<|im_start|>");
    json.put("clean_up_tokenization_spaces", false);
    json.put("eos_token", "<|im_end|>");
    json.put("model_max_length", 2048);
    json.put("pad_token", "<|im_end|>");
    json.put("tokenizer_class", "PreTrainedTokenizerFast");
    json.put("unk_token", "<|endoftext|>");
    return json;
  }

  private static Map<String, Object> config(int vocabulary) {
    var json = new LinkedHashMap<String, Object>();
    json.put("architectures", List.of("LlamaForCausalLM"));
    json.put("attention_bias", false);
    json.put("attention_dropout", 0.0);
    json.put("bos_token_id", 1);
    json.put("eos_token_id", 2);
    json.put("head_dim", HEAD);
    json.put("hidden_act", "silu");
    json.put("hidden_size", HIDDEN);
    json.put("initializer_range", 0.02);
    json.put("intermediate_size", INNER);
    json.put("max_position_embeddings", 2048);
    json.put("mlp_bias", false);
    json.put("model_type", "llama");
    json.put("num_attention_heads", HEADS);
    json.put("num_hidden_layers", LAYERS);
    json.put("num_key_value_heads", KEY_VALUE_HEADS);
    json.put("pad_token_id", 2);
    json.put("rms_norm_eps", 1e-5);
    json.put("rope_scaling", null);
    json.put("rope_theta", 10_000.0);
    json.put("tie_word_embeddings", true);
    json.put("torch_dtype", "float32");
    json.put("vocab_size", vocabulary);
    return json;
  }

  private static LinkedHashMap<String, Tensor> weights(int vocabulary) {
    var random = new Random(SEED);
    var tensors = new LinkedHashMap<String, Tensor>();
    // Wide enough apart that the last layer can point at one token: logits reach about +-6.
    tensors.put("model.embed_tokens.weight", normal(random, 0.1, vocabulary, HIDDEN));
    for (int i = 0; i < LAYERS; i++) {
      var layer = "model.layers." + i + ".";
      int keys = KEY_VALUE_HEADS * HEAD;
      tensors.put(layer + "input_layernorm.weight", ones());
      tensors.put(layer + "mlp.down_proj.weight", linear(random, HIDDEN, INNER));
      tensors.put(layer + "mlp.gate_proj.weight", linear(random, INNER, HIDDEN));
      tensors.put(layer + "mlp.up_proj.weight", linear(random, INNER, HIDDEN));
      tensors.put(layer + "post_attention_layernorm.weight", ones());
      tensors.put(layer + "self_attn.k_proj.weight", linear(random, keys, HIDDEN));
      tensors.put(layer + "self_attn.o_proj.weight", linear(random, HIDDEN, HEADS * HEAD));
      tensors.put(layer + "self_attn.q_proj.weight", linear(random, HEADS * HEAD, HIDDEN));
      tensors.put(layer + "self_attn.v_proj.weight", linear(random, keys, HIDDEN));
    }
    tensors.put("model.norm.weight", ones());
    return tensors;
  }

  private static Tensor linear(Random random, int out, int in) {
    return normal(random, 1 / Math.sqrt(in), out, in);
  }

  private static Tensor normal(Random random, double deviation, int rows, int columns) {
    var values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return Tensor.of(values, rows, columns);
  }

  private static Tensor ones() {
    var values = new float[HIDDEN];
    java.util.Arrays.fill(values, 1f);
    return Tensor.of(values, HIDDEN);
  }
}
