package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a text is cut before BPE, by the name GGUF files give it ({@code tokenizer.ggml.pre}).
 *
 * <p>Each is what the model's own {@code tokenizer.json} holds, because its merges were learnt on
 * such pieces. Where transformers' GGUF conversion does otherwise, the model's own file is
 * followed: for {@code smollm} transformers (5.23) leaves out the step that isolates digits, so
 * that {@code "a 1"} and digits outside ASCII get other ids than SmolLM2 was trained on. What is
 * made here for SmolLM2 equals the hub's {@code tokenizer.json} byte for byte (its SHA-256 is
 * pinned in {@link Catalogue}); {@code benchmarks/reference/tokenizer_ids.py} lists where
 * transformers' conversion differs.
 */
enum PreTokenizer {
  /** SmolLM, SmolLM2 and StarCoder: every digit alone, then GPT-2's pattern between them. */
  DIGITS {
    @Override
    Map<String, Object> steps() {
      var digits = new LinkedHashMap<String, Object>();
      digits.put("type", "Digits");
      digits.put("individual_digits", true);
      return sequence(digits, ByteLevel.step(false, true, true));
    }
  },
  /** GPT-2's pattern alone. */
  GPT2 {
    @Override
    Map<String, Object> steps() {
      return ByteLevel.step(false, true, true);
    }
  },
  /** Llama 3: digits in threes. A piece that is a token as it stands is not merged up to. */
  LLAMA3 {
    @Override
    Map<String, Object> steps() {
      return sequence(split("\\p{N}{1,3}"), ByteLevel.step(false, true, false));
    }

    @Override
    boolean ignoreMerges() {
      return true;
    }
  },
  /** Qwen2: every digit alone, on composed characters. */
  QWEN2 {
    @Override
    Map<String, Object> steps() {
      return sequence(split("\\p{N}"), ByteLevel.step(false, false, false));
    }

    @Override
    Map<String, Object> normalizer() {
      return Map.of("type", "NFC");
    }
  };

  private static final JsonMapper JSON = JsonMapper.shared();

  private static final Map<String, PreTokenizer> NAMES =
      new TreeMap<>(
          Map.of(
              "smollm", DIGITS,
              "starcoder", DIGITS,
              "gpt-2", GPT2,
              // A file from before the key existed; transformers takes GPT-2's pattern as well.
              "default", GPT2,
              "llama-bpe", LLAMA3,
              "llama3", LLAMA3,
              "llama-v3", LLAMA3,
              "qwen2", QWEN2));

  /**
   * @throws BadInput for a name whose pattern is not known here: a guess would give wrong ids
   */
  static PreTokenizer named(String name) {
    var known = NAMES.get(name);
    if (known == null) {
      throw new BadInput(
          "this GGUF file cuts its text in a way not known here",
          "tokenizer.ggml.pre = " + name,
          DidYouMean.remedy(name, NAMES.keySet()) + " " + GgufMetadata.REMEDY);
    }
    return known;
  }

  /**
   * The name that llama.cpp has for what a {@code tokenizer.json} says, if it is one of these.
   *
   * @param steps its {@code pre_tokenizer}
   * @param normalizer its {@code normalizer}
   */
  static Optional<String> nameOf(JsonNode steps, JsonNode normalizer, boolean ignoreMerges) {
    return Arrays.stream(values())
        .filter(p -> plain(steps).equals(plain(JSON.valueToTree(p.steps()))))
        .filter(p -> plain(normalizer).equals(plain(JSON.valueToTree(p.normalizer()))))
        .filter(p -> p.ignoreMerges() == ignoreMerges)
        .map(
            p ->
                switch (p) {
                  case DIGITS -> "smollm";
                  case GPT2 -> "gpt-2";
                  case LLAMA3 -> "llama-bpe";
                  case QWEN2 -> "qwen2";
                })
        .findFirst();
  }

  /** Without what changes no token: offsets, defaults, and a sequence around a single step. */
  private static JsonNode plain(JsonNode step) {
    if (step.path("type").asString("").equals("Sequence")) {
      var inner = step.has("pretokenizers") ? "pretokenizers" : "normalizers";
      if (step.path(inner).size() == 1) {
        return plain(step.path(inner).path(0));
      }
      var all = JSON.createArrayNode();
      step.path(inner).forEach(s -> all.add(plain(s)));
      return all;
    }
    if (!(step instanceof ObjectNode object)) {
      return JSON.nullNode();
    }
    var copy = object.deepCopy();
    copy.remove("trim_offsets");
    if (copy.path("type").asString("").equals("ByteLevel") && !copy.has("use_regex")) {
      copy.put("use_regex", true);
    }
    return copy;
  }

  /** The value of {@code pre_tokenizer}. */
  abstract Map<String, Object> steps();

  @Nullable Map<String, Object> normalizer() {
    return null;
  }

  boolean ignoreMerges() {
    return false;
  }

  private static Map<String, Object> split(String number) {
    var json = new LinkedHashMap<String, Object>();
    json.put("type", "Split");
    json.put(
        "pattern",
        Map.of(
            "Regex",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
                + number
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"));
    json.put("behavior", "Isolated");
    json.put("invert", false);
    return json;
  }

  @SafeVarargs
  private static Map<String, Object> sequence(Map<String, Object>... steps) {
    var json = new LinkedHashMap<String, Object>();
    json.put("type", "Sequence");
    json.put("pretokenizers", List.of(steps));
    return json;
  }
}
