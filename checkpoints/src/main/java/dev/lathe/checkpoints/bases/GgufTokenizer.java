package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Hugging Face's {@code tokenizer.json} and {@code tokenizer_config.json} out of GGUF metadata, for
 * byte-level BPE.
 */
public final class GgufTokenizer {
  /** Values of {@code tokenizer.ggml.token_type} that matter here (GGUF specification). */
  private static final long CONTROL = 3;

  private static final long USER_DEFINED = 4;

  private static final String KEY = "tokenizer.ggml.";

  private GgufTokenizer() {}

  /**
   * The value of {@code tokenizer.json}, as maps and lists, in the order in which Hugging Face
   * writes it.
   *
   * @throws BadInput when the tokenizer is no byte-level BPE, its pre-tokenizer is not known here,
   *     or its parts do not fit together
   */
  public static Map<String, Object> tokenizerJson(Map<String, Object> metadata) {
    var gguf = new GgufMetadata(metadata);
    var model = gguf.text(KEY + "model").orElse("");
    if (!model.equals("gpt2")) {
      throw new BadInput(
          "this GGUF file's tokenizer is no byte-level BPE",
          KEY + "model = " + model,
          GgufMetadata.REMEDY);
    }
    var pre = PreTokenizer.named(gguf.text(KEY + "pre").orElse("default"));
    var tokens = gguf.texts(KEY + "tokens");
    var vocabulary = new LinkedHashMap<String, Integer>();
    for (int id = 0; id < tokens.size(); id++) {
      if (vocabulary.put(tokens.get(id), id) != null) {
        throw broken("token " + id + " stands there twice: " + tokens.get(id));
      }
    }
    var json = new LinkedHashMap<String, Object>();
    json.put("version", "1.0");
    json.put("truncation", null);
    json.put("padding", null);
    json.put("added_tokens", addedTokens(gguf, tokens));
    json.put("normalizer", pre.normalizer());
    json.put("pre_tokenizer", pre.steps());
    json.put("post_processor", postProcessor(gguf, tokens));
    json.put("decoder", ByteLevel.step(true, true, true));
    json.put("model", bpe(vocabulary, merges(gguf, vocabulary), pre.ignoreMerges()));
    return json;
  }

  /** The value of {@code tokenizer_config.json}; the chat template has a file of its own. */
  public static Map<String, Object> tokenizerConfig(Map<String, Object> metadata) {
    var gguf = new GgufMetadata(metadata);
    var tokens = gguf.texts(KEY + "tokens");
    var json = new LinkedHashMap<String, Object>();
    json.put("add_bos_token", gguf.flag(KEY + "add_bos_token", false));
    json.put("add_prefix_space", false);
    special(gguf, tokens, "bos_token_id").ifPresent(t -> json.put("bos_token", t));
    json.put("clean_up_tokenization_spaces", false);
    special(gguf, tokens, "eos_token_id").ifPresent(t -> json.put("eos_token", t));
    gguf.text("general.architecture")
        .map(a -> gguf.integer(a + ".context_length"))
        .ifPresent(length -> length.ifPresent(n -> json.put("model_max_length", n)));
    special(gguf, tokens, "padding_token_id").ifPresent(t -> json.put("pad_token", t));
    // This class takes tokenizer.json as it is; the model's own class would build another one.
    json.put("tokenizer_class", "PreTrainedTokenizerFast");
    special(gguf, tokens, "unknown_token_id").ifPresent(t -> json.put("unk_token", t));
    return json;
  }

  static Map<String, Object> bpe(
      Map<String, Integer> vocabulary, List<String> merges, boolean ignoreMerges) {
    var json = new LinkedHashMap<String, Object>();
    json.put("type", "BPE");
    json.put("dropout", null);
    // No unknown token, as in the original files: bytes without a token are dropped. SmolLM2's
    // vocabulary has 235 of the 256 bytes, so that some control characters vanish there too.
    json.put("unk_token", null);
    json.put("continuing_subword_prefix", null);
    json.put("end_of_word_suffix", null);
    json.put("fuse_unk", false);
    json.put("byte_fallback", false);
    json.put("ignore_merges", ignoreMerges);
    json.put("vocab", vocabulary);
    json.put("merges", merges);
    return json;
  }

  static Map<String, Object> addedToken(int id, String content, boolean special) {
    var json = new LinkedHashMap<String, Object>();
    json.put("id", id);
    json.put("content", content);
    json.put("single_word", false);
    json.put("lstrip", false);
    json.put("rstrip", false);
    json.put("normalized", false);
    json.put("special", special);
    return json;
  }

  private static List<Map<String, Object>> addedTokens(GgufMetadata gguf, List<String> tokens) {
    var added = new ArrayList<Map<String, Object>>();
    if (gguf.has(KEY + "token_type")) {
      var types = gguf.integers(KEY + "token_type");
      if (types.size() != tokens.size()) {
        throw broken(tokens.size() + " tokens, but types for " + types.size());
      }
      for (int id = 0; id < tokens.size(); id++) {
        if (types.get(id) == CONTROL || types.get(id) == USER_DEFINED) {
          added.add(addedToken(id, tokens.get(id), types.get(id) == CONTROL));
        }
      }
      return added;
    }
    // Files older than the types name their special tokens all the same.
    var ids = new TreeSet<Integer>();
    for (String key : List.of("bos_token_id", "eos_token_id", "eot_token_id", "padding_token_id")) {
      gguf.integer(KEY + key).ifPresent(id -> ids.add((int) id));
    }
    ids.forEach(id -> added.add(addedToken(id, token(tokens, id), true)));
    return added;
  }

  private static List<String> merges(GgufMetadata gguf, Map<String, Integer> vocabulary) {
    var merges = new ArrayList<String>();
    for (String merge : gguf.texts(KEY + "merges")) {
      int space = merge.indexOf(' ', 1);
      if (space < 0) {
        throw broken("a merge without two parts: " + merge);
      }
      var left = merge.substring(0, space);
      var right = merge.substring(space + 1);
      if (!vocabulary.containsKey(left)
          || !vocabulary.containsKey(right)
          || !vocabulary.containsKey(left + right)) {
        throw broken("a merge of what are no tokens: " + merge);
      }
      merges.add(merge);
    }
    return merges;
  }

  private static @Nullable Map<String, Object> postProcessor(
      GgufMetadata gguf, List<String> tokens) {
    if (!gguf.flag(KEY + "add_bos_token", false)) {
      return null;
    }
    int id = gguf.require(KEY + "bos_token_id");
    var begin = token(tokens, id);
    Map<String, Object> first = Map.of("SpecialToken", typed(begin, 0));
    Map<String, Object> a = Map.of("Sequence", typed("A", 0));
    Map<String, Object> second = Map.of("SpecialToken", typed(begin, 1));
    Map<String, Object> b = Map.of("Sequence", typed("B", 1));
    var special = new LinkedHashMap<String, Object>();
    special.put("id", begin);
    special.put("ids", List.of(id));
    special.put("tokens", List.of(begin));
    var json = new LinkedHashMap<String, Object>();
    json.put("type", "TemplateProcessing");
    json.put("single", List.of(first, a));
    json.put("pair", List.of(first, a, second, b));
    json.put("special_tokens", Map.of(begin, special));
    return json;
  }

  private static Map<String, Object> typed(String id, int type) {
    var json = new LinkedHashMap<String, Object>();
    json.put("id", id);
    json.put("type_id", type);
    return json;
  }

  private static Optional<String> special(GgufMetadata gguf, List<String> tokens, String key) {
    return gguf.has(KEY + key)
        ? Optional.of(token(tokens, gguf.require(KEY + key)))
        : Optional.empty();
  }

  private static String token(List<String> tokens, int id) {
    if (id < 0 || id >= tokens.size()) {
      throw broken("token " + id + " of " + tokens.size());
    }
    return tokens.get(id);
  }

  private static BadInput broken(String why) {
    return new BadInput("a GGUF file's tokenizer contradicts itself", why, GgufMetadata.REMEDY);
  }
}
