package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.files.JsonFile;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.nio.file.Files;
import java.nio.file.Path;
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
  private final ConfigReader config;

  private ModelConfigs(ConfigReader config) {
    this.config = config;
  }

  /** The architectures that the engine computes. */
  public static Set<String> supported() {
    return Families.known();
  }

  /**
   * @throws BadInput when the file is missing or damaged, or describes a model that is not
   *     supported; every problem is in the one message
   */
  public static ModelConfig read(Path folder) {
    var file = folder.resolve("config.json");
    var reader = new ModelConfigs(new ConfigReader(JsonFile.read(file)));
    var generation = folder.resolve("generation_config.json");
    return reader.read(file, Files.exists(generation) ? JsonFile.read(generation) : null);
  }

  private String architecture(Path file) {
    var type = config.text("model_type", "");
    if (!supported().contains(type)) {
      throw new BadInput(
          "the model's architecture is not supported (" + file + ")",
          type.isEmpty() ? "no model_type" : type,
          DidYouMean.remedy(type, supported()));
    }
    return type;
  }

  private ModelConfig read(Path file, @Nullable ObjectNode generation) {
    var type = architecture(file);
    int vocabulary = config.size("vocab_size", null);
    var sizes = switch (type) { // two have names of their own for what all have
          case "gpt2" -> sizes("n_embd", "n_layer", "n_head", "n_positions", 2048);
          case "t5" -> sizes("d_model", "num_layers", "num_heads", "n_positions", 512);
          default ->
              sizes(
                  "hidden_size",
                  "num_hidden_layers",
                  "num_attention_heads",
                  "max_position_embeddings",
                  2048);
        };
    var family = Families.describe(type, config, sizes);
    // transformers 5 writes a T5 with a head of its own as tied, and as one that is not scaled.
    boolean tied =
        config.flag("tie_word_embeddings", family.tied())
            && config.flag("scale_decoder_outputs", true);
    var stacks = family.block().encoderDecoder();
    var ends = endTokens(generation, vocabulary);
    int begin = config.at("bos_token_id").asInt(-1);
    if (sizes.heads() % family.keyValueHeads() != 0) {
      config.problem(
          sizes.heads()
              + " num_attention_heads cannot share "
              + family.keyValueHeads()
              + " key-value ones");
    }
    if (family.headDim() % 2 != 0) {
      config.problem("head_dim is odd: " + family.headDim());
    }
    if (!config.problems().isEmpty()) {
      throw BadInput.all(
          "the model's config cannot be used (" + file + ")",
          config.problems(),
          "Mend it, or take another model.");
    }
    return new ModelConfig(
        type,
        vocabulary,
        sizes.hidden(),
        family.inner(),
        stacks == null ? sizes.layers() : stacks.layers(),
        sizes.heads(),
        family.keyValueHeads(),
        family.headDim(),
        family.eps(),
        family.rotaries(),
        sizes.positions(),
        tied,
        begin,
        ends,
        family.block());
  }

  private Families.Sizes sizes(
      String hidden, String layers, String heads, String positions, int longest) {
    return new Families.Sizes(
        config.size(hidden, null),
        config.size(layers, null),
        config.size(heads, null),
        config.size(positions, longest));
  }

  private List<Integer> endTokens(@Nullable ObjectNode generation, int vocabulary) {
    var node =
        generation != null && generation.hasNonNull("eos_token_id")
            ? generation.path("eos_token_id")
            : config.at("eos_token_id");
    var ends = new TreeSet<Integer>();
    if (node.isArray()) {
      node.forEach(n -> endToken(n, vocabulary, ends));
    } else if (!node.isMissingNode() && !node.isNull()) {
      endToken(node, vocabulary, ends);
    }
    if (ends.isEmpty()) {
      config.problem("eos_token_id is missing, so no answer would end");
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
      config.problem("eos_token_id is " + node + ", not in a vocabulary of " + vocabulary);
    }
  }
}
