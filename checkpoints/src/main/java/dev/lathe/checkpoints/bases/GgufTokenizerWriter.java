package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.gguf.GgufValue;
import dev.lathe.checkpoints.gguf.GgufWriter;
import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A base's {@code tokenizer.json} as {@code tokenizer.ggml.*} metadata, for byte-level BPE: the
 * other way round than {@link GgufTokenizer}.
 */
final class GgufTokenizerWriter {
  private static final String KEY = "tokenizer.ggml.";
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;

  /** Tokens at which llama.cpp b4916 ends an answer because they are spelled so. */
  private static final Set<String> ENDS_BY_NAME =
      Set.of("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>");

  private final Base base;
  private final JsonNode tokenizer;
  private final JsonNode model;
  private final List<String> problems = new ArrayList<>();

  private GgufTokenizerWriter(Base base) {
    this.base = base;
    this.tokenizer = JsonFile.read(base.tokenizer());
    this.model = tokenizer.path("model");
  }

  /**
   * Adds tokens, merges, special tokens and the chat template.
   *
   * @throws BadInput with every reason why llama.cpp would not read texts as the base does
   */
  static void write(Base base, GgufWriter gguf) {
    new GgufTokenizerWriter(base).write(gguf);
  }

  private void write(GgufWriter gguf) {
    checkModel();
    var pre =
        PreTokenizer.nameOf(
                tokenizer.path("pre_tokenizer"),
                tokenizer.path("normalizer"),
                model.path("ignore_merges").asBoolean(false))
            .orElse("");
    if (pre.isEmpty()) {
      problems.add(
          "its pre_tokenizer (with normalizer and ignore_merges) is none of GPT-2's, SmolLM's,"
              + " Llama 3's and Qwen 2's");
    }
    int size = base.config().vocabSize();
    var tokens = new @Nullable String[size];
    var types = new int[size];
    model
        .path("vocab")
        .properties()
        .forEach(t -> place(tokens, types, t.getKey(), t.getValue(), NORMAL));
    for (var added : tokenizer.path("added_tokens")) {
      int type = added.path("special").asBoolean(false) ? CONTROL : USER_DEFINED;
      place(tokens, types, added.path("content").asString(""), added.path("id"), type);
    }
    var merges = merges();
    requireNoProblems();
    for (int id = 0; id < size; id++) {
      if (tokens[id] == null) { // a row of the embeddings that no token uses
        tokens[id] = "[PAD" + id + "]";
        types[id] = UNUSED;
      }
    }
    var named = Arrays.stream(tokens).map(String::valueOf).toList();
    gguf.text(KEY + "model", "gpt2")
        .text(KEY + "pre", pre)
        .metadata(KEY + "tokens", GgufValue.texts(named))
        .metadata(KEY + "token_type", GgufValue.int32s(types))
        .metadata(KEY + "merges", GgufValue.texts(merges));
    specials(gguf, named);
    gguf.text("tokenizer.chat_template", template());
  }

  private void checkModel() {
    if (!model.path("type").asString("").equals("BPE")
        || model.path("byte_fallback").asBoolean(false)
        || !tokenizer.path("decoder").path("type").asString("").equals("ByteLevel")) {
      problems.add(
          "it is no byte-level BPE (model %s, decoder %s)"
              .formatted(
                  model.path("type").asString("none"),
                  tokenizer.path("decoder").path("type").asString("none")));
    }
    for (var affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      if (!model.path(affix).asString("").isEmpty()) {
        problems.add("its model has a " + affix);
      }
    }
  }

  private void place(@Nullable String[] tokens, int[] types, String token, JsonNode at, int type) {
    int id = at.asInt(-1);
    if (id < 0 || id >= tokens.length) {
      problems.add(
          "its token %s has the id %s, the model %d embeddings"
              .formatted(token, at, tokens.length));
    } else if (tokens[id] != null && !token.equals(tokens[id])) {
      problems.add("its id " + id + " is both " + tokens[id] + " and " + token);
    } else {
      tokens[id] = token;
      types[id] = type;
    }
  }

  /** A text "left right", or since tokenizers 0.20 a pair. */
  private List<String> merges() {
    var merges = new ArrayList<String>();
    for (var merge : model.path("merges")) {
      var text =
          merge.isArray()
              ? merge.path(0).asString("") + " " + merge.path(1).asString("")
              : merge.asString("");
      if (text.indexOf(' ') < 1 || text.indexOf(' ') != text.lastIndexOf(' ')) {
        problems.add("a merge has not two parts: " + merge);
      }
      merges.add(text);
    }
    return merges;
  }

  private void specials(GgufWriter gguf, List<String> tokens) {
    var file = base.folder().resolve("tokenizer_config.json");
    JsonNode named = Files.exists(file) ? JsonFile.read(file) : tokenizer.path("none");
    int begin = id(named, "bos_token", tokens);
    if (begin < 0) {
      begin = base.config().beginToken();
    }
    int end = id(named, "eos_token", tokens);
    var ends = new ArrayList<>(base.config().endTokens());
    if (ends.remove((Integer) end)) {
      ends.addFirst(end);
    }
    put(gguf, "bos_token_id", begin, tokens);
    var keys = List.of("eos_token_id", "eot_token_id", "eom_token_id");
    for (int i = 0; i < ends.size(); i++) {
      if (i < keys.size()) {
        put(gguf, keys.get(i), ends.get(i), tokens);
      } else if (!ENDS_BY_NAME.contains(tokens.get(ends.get(i)))) {
        problems.add("answers end at more tokens than three: " + base.config().endTokens());
      }
    }
    put(gguf, "unknown_token_id", id(named, "unk_token", tokens), tokens);
    put(gguf, "padding_token_id", id(named, "pad_token", tokens), tokens);
    gguf.bool(KEY + "add_bos_token", begin >= 0 && adds(tokens.get(begin), true));
    gguf.bool(KEY + "add_eos_token", adds(tokens.get(ends.getFirst()), false));
    requireNoProblems();
  }

  private void put(GgufWriter gguf, String key, int id, List<String> tokens) {
    if (id >= tokens.size()) {
      problems.add(key + " is " + id + " of " + tokens.size() + " tokens");
    } else if (id >= 0) {
      gguf.uint32(KEY + key, id);
    }
  }

  /** A text, or an object with the text as its content. */
  private static int id(JsonNode config, String key, List<String> tokens) {
    var value = config.path(key);
    var text = value.path("content").asString(value.asString(""));
    return text.isEmpty() ? -1 : tokens.indexOf(text);
  }

  /** Whether the post-processor puts this token before (or after) every text. */
  private boolean adds(String token, boolean before) {
    var processor = tokenizer.path("post_processor");
    var steps = new ArrayList<JsonNode>();
    processor.path("processors").forEach(steps::add);
    steps.add(processor);
    for (var step : steps) {
      var single = step.path("single");
      var edge = single.path(before ? 0 : single.size() - 1);
      if (edge.path("SpecialToken").path("id").asString("").equals(token)) {
        return true;
      }
    }
    return false;
  }

  private String template() {
    try {
      return Files.readString(base.chatTemplate());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + base.chatTemplate(), e);
    }
  }

  private void requireNoProblems() {
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "llama.cpp cannot read texts as the base " + base.name() + " does",
          problems.size() > 6 ? problems.subList(0, 6) : problems,
          "Pull the model as a GGUF file instead, if there is one.");
    }
  }
}
