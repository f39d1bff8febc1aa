package dev.lathe.checkpoints.bases;

import dev.lathe.checkpoints.input.DidYouMean;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads rotary embeddings where {@code config.json} has them: {@code rope_theta} with {@code
 * rope_scaling}, or both as {@code rope_parameters}. The formulas of magnitudes are those of
 * transformers' {@code modeling_rope_utils}.
 */
final class RotaryReader {
  private static final List<String> TYPES =
      List.of("default", "linear", "dynamic", "yarn", "llama3", "longrope");

  private final ConfigReader config;
  private final int width;
  private final int positions;
  private final double theta;

  /**
   * @param theta where the file names none
   */
  RotaryReader(ConfigReader config, int width, int positions, double theta) {
    this.config = config;
    this.width = width;
    this.positions = positions;
    this.theta = theta;
  }

  /** The model's one rotary embedding. */
  Rotary one() {
    if (config.at("rope_parameters") instanceof ObjectNode rope) {
      return read("rope_parameters", rope, config.positive("rope_theta", theta));
    }
    double given = config.positive("rope_theta", theta);
    return config.at("rope_scaling") instanceof ObjectNode rope
        ? read("rope_scaling", rope, given)
        : Rotary.plain(width, given, positions);
  }

  /** Gemma 3's two: that of layers that see everything, then that of layers with a window. */
  List<Rotary> globalAndLocal() {
    if (config.at("rope_parameters") instanceof ObjectNode both
        && both.get("full_attention") instanceof ObjectNode full
        && both.get("sliding_attention") instanceof ObjectNode sliding) {
      return List.of(
          read("rope_parameters.full_attention", full, 1_000_000),
          read("rope_parameters.sliding_attention", sliding, 10_000));
    }
    return List.of(
        one(), Rotary.plain(width, config.positive("rope_local_base_freq", 10_000), positions));
  }

  private Rotary read(String where, ObjectNode rope, double otherwise) {
    double base = config.positive(rope, "rope_theta", otherwise);
    var type = rope.path("rope_type").asString(rope.path("type").asString("default"));
    int original =
        (int)
            config.positive(
                rope,
                "original_max_position_embeddings",
                config.size("original_max_position_embeddings", positions));
    double factor = config.positive(rope, "factor", 1);
    return switch (type) {
      case "default" -> Rotary.plain(width, base, positions);
      case "linear" -> new Rotary(width, base, new Rotary.Linear(factor), positions, 1);
      case "dynamic" -> new Rotary(width, base, new Rotary.Dynamic(factor), positions, 1);
      case "llama3" ->
          new Rotary(
              width,
              base,
              new Rotary.Llama3(
                  factor,
                  config.positive(rope, "low_freq_factor", 1),
                  config.positive(rope, "high_freq_factor", 4),
                  original),
              positions,
              1);
      case "yarn" ->
          new Rotary(
              width,
              base,
              new Rotary.Yarn(
                  factor,
                  config.positive(rope, "beta_fast", 32),
                  config.positive(rope, "beta_slow", 1),
                  rope.path("truncate").asBoolean(true)),
              original,
              yarnMagnitude(rope, factor));
      case "longrope", "su" -> longRope(where, rope, base, original);
      default -> {
        config.problem(
            "%s has the type %s. %s".formatted(where, type, DidYouMean.remedy(type, TYPES)));
        yield Rotary.plain(width, base, positions);
      }
    };
  }

  private double yarnMagnitude(ObjectNode rope, double factor) {
    if (rope.hasNonNull("attention_factor")) {
      return config.positive(rope, "attention_factor", 1);
    }
    double all = rope.path("mscale_all_dim").asDouble(0);
    double some = rope.path("mscale").asDouble(0);
    return all != 0 && some != 0
        ? magnitude(factor, some) / magnitude(factor, all)
        : magnitude(factor, 1);
  }

  private static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  }

  private Rotary longRope(String where, ObjectNode rope, double base, int original) {
    var shorter = numbers(where, rope, "short_factor");
    var longer = numbers(where, rope, "long_factor");
    double stretched =
        config.has("original_max_position_embeddings")
                || rope.hasNonNull("original_max_position_embeddings")
            ? (double) positions / original
            : config.positive(rope, "factor", 1);
    double magnitude =
        rope.hasNonNull("attention_factor")
            ? config.positive(rope, "attention_factor", 1)
            : stretched <= 1 ? 1 : Math.sqrt(1 + Math.log(stretched) / Math.log(original));
    return new Rotary(width, base, new Rotary.LongRope(shorter, longer), original, magnitude);
  }

  private List<Double> numbers(String where, ObjectNode rope, String key) {
    var list = new ArrayList<Double>();
    rope.path(key).forEach(n -> list.add(n.asDouble()));
    if (list.size() != width / 2 || list.stream().anyMatch(n -> !(n > 0))) {
      config.problem("%s.%s is not a list of %d positive numbers".formatted(where, key, width / 2));
      return java.util.Collections.nCopies(width / 2, 1.0);
    }
    return list;
  }
}
