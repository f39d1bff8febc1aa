package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads a Hugging Face directory's {@code config.json}. Keys that Hugging Face fills in when they
 * are missing are filled in the same way; what would make the mathematics another one is refused.
 */
public final class ModelConfigs {
  /** The architectures that the engine computes. */
  public static final Set<String> SUPPORTED = Set.of("llama");

  private final ObjectNode config;
  private final List<String> problems = new ArrayList<>();

  private ModelConfigs(ObjectNode config) {
    this.config = config;
  }

  /**
   * @throws BadInput when the file is missing or damaged, or describes a model that is not
   *     supported; every problem is in the one message
   */
  public static ModelConfig read(Path folder) {
    var file = folder.resolve("config.json");
    var reader = new ModelConfigs(JsonFile.read(file));
    reader.checkArchitecture(file);
    var generation = folder.resolve("generation_config.json");
    return reader.read(file, Files.exists(generation) ? JsonFile.read(generation) : null);
  }

  private void checkArchitecture(Path file) {
    var type = config.path("model_type").asString("");
    if (!SUPPORTED.contains(type)) {
      throw new BadInput(
          "the model's architecture is not supported (" + file + ")",
          type.isEmpty() ? "no model_type" : type,
          DidYouMean.remedy(type, SUPPORTED));
    }
  }

  private ModelConfig read(Path file, @Nullable ObjectNode generation) {
    checkVariant();
    int vocabulary = size("vocab_size", null);
    int hidden = size("hidden_size", null);
    int intermediate = size("intermediate_size", null);
    int layers = size("num_hidden_layers", null);
    int heads = size("num_attention_heads", null);
    int keyValueHeads = size("num_key_value_heads", heads);
    int headDim = size("head_dim", Math.max(1, hidden / heads));
    double eps = positive(config, "rms_norm_eps", 1e-6);
    double theta = ropeTheta();
    int positions = size("max_position_embeddings", 2048);
    boolean tied = flag("tie_word_embeddings");
    var ends = endTokens(generation, vocabulary);
    int begin = config.path("bos_token_id").asInt(-1);
    if (heads % keyValueHeads != 0) {
      problems.add(
          heads + " num_attention_heads cannot share " + keyValueHeads + " key-value ones");
    }
    if (headDim % 2 != 0) {
      problems.add("head_dim is odd: " + headDim);
    }
    if (!problems.isEmpty()) {
      throw BadInput.all(
          "the model's config cannot be used (" + file + ")",
          problems,
          "Mend it, or take another model.");
    }
    return new ModelConfig(
        config.path("model_type").asString(),
        vocabulary,
        hidden,
        intermediate,
        layers,
        heads,
        keyValueHeads,
        headDim,
        eps,
        theta,
        positions,
        tied,
        begin,
        ends);
  }

  /** Variants of the architecture whose mathematics differ. */
  private void checkVariant() {
    for (var bias : List.of("attention_bias", "mlp_bias")) {
      if (flag(bias)) {
        problems.add(bias + " is true; only models without biases are supported");
      }
    }
    var activation = config.path("hidden_act").asString("silu");
    if (!activation.equals("silu")) {
      problems.add("hidden_act is " + activation + "; only silu is supported");
    }
    for (var key : List.of("rope_scaling", "rope_parameters")) {
      var rope = config.path(key);
      var type = rope.path("rope_type").asString(rope.path("type").asString("default"));
      if (!type.equals("default")) {
        problems.add(
            key + " has the type " + type + "; only plain rotary embeddings are supported");
      }
    }
    if (config.path("partial_rotary_factor").asDouble(1) != 1) {
      problems.add("partial_rotary_factor is not 1");
    }
  }

  private double ropeTheta() {
    return config.get("rope_parameters") instanceof ObjectNode rope && rope.has("rope_theta")
        ? positive(rope, "rope_theta", 10_000)
        : positive(config, "rope_theta", 10_000);
  }

  private List<Integer> endTokens(@Nullable ObjectNode generation, int vocabulary) {
    var node = generation == null ? null : generation.get("eos_token_id");
    if (node == null || node.isNull()) {
      node = config.get("eos_token_id");
    }
    var ends = new TreeSet<Integer>();
    if (node != null && node.isArray()) {
      node.forEach(n -> endToken(n, vocabulary, ends));
    } else if (node != null && !node.isNull()) {
      endToken(node, vocabulary, ends);
    }
    if (ends.isEmpty()) {
      problems.add("eos_token_id is missing, so no answer would end");
    }
    return List.copyOf(ends);
  }

  private void endToken(JsonNode node, int vocabulary, Set<Integer> ends) {
    if (node.isIntegralNumber()
        && node.canConvertToInt()
        && node.intValue() >= 0
        && node.intValue() < vocabulary) {
      ends.add(node.intValue());
    } else {
      problems.add("eos_token_id is " + node + ", not in a vocabulary of " + vocabulary);
    }
  }

  /**
   * A positive whole number; a problem noted, 1 goes on so that the other keys are looked at too.
   */
  private int size(String key, @Nullable Integer otherwise) {
    var node = config.get(key);
    if (node == null || node.isNull()) {
      if (otherwise == null) {
        problems.add(key + " is missing");
        return 1;
      }
      return otherwise;
    }
    if (node.isIntegralNumber() && node.canConvertToInt() && node.intValue() > 0) {
      return node.intValue();
    }
    problems.add(key + " is " + node + ", not a positive whole number");
    return 1;
  }

  private double positive(ObjectNode from, String key, double otherwise) {
    var node = from.get(key);
    if (node == null || node.isNull()) {
      return otherwise;
    }
    if (node.isNumber() && node.asDouble() > 0 && Double.isFinite(node.asDouble())) {
      return node.asDouble();
    }
    problems.add(key + " is " + node + ", not a positive number");
    return otherwise;
  }

  private boolean flag(String key) {
    var node = config.get(key);
    if (node != null && !node.isNull() && !node.isBoolean()) {
      problems.add(key + " is " + node + ", neither true nor false");
    }
    return node != null && node.isBoolean() && node.booleanValue();
  }
}
