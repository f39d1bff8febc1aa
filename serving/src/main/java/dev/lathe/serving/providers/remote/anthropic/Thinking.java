package dev.lathe.serving.providers.remote.anthropic;

import dev.lathe.serving.providers.remote.translation.Taken;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How hard a model thinks: OpenAI's {@code reasoning_effort}. Models up to 4.5 take a number of
 * tokens, later ones a word; which a model is its name tells.
 *
 * @param budget tokens of thought; 0 for models that take a word, and for none
 * @param effort the word; null for none
 * @param given Anthropic's own {@code thinking}, when the client sent it
 * @param off whether it shall not think at all
 */
record Thinking(int budget, @Nullable String effort, @Nullable JsonNode given, boolean off) {
  private static final Pattern COUNTING =
      Pattern.compile(
          "claude-(2|instant|3|(opus|sonnet|haiku)-(3|4)(-[0-5])?(-\\d{6,8})?$|(opus|sonnet|haiku)-(3|4)-[0-5]\\b).*");
  private static final int LEAST = 1024;

  static Thinking of(Taken taken, String model) {
    var given = taken.take("thinking");
    var field = taken.take("reasoning_effort");
    if (given != null) {
      return new Thinking(given.path("budget_tokens").asInt(0), null, given, false);
    }
    if (field == null) {
      return new Thinking(0, null, null, false);
    }
    var effort = field.asString("");
    boolean counting = COUNTING.matcher(model).matches();
    return switch (effort) {
      case "none" -> new Thinking(0, null, null, !counting);
      case "minimal" -> of(counting, LEAST, "low");
      case "low" -> of(counting, 2 * LEAST, effort);
      case "medium" -> of(counting, 8 * LEAST, effort);
      case "high" -> of(counting, 16 * LEAST, effort);
      case "xhigh", "max" -> of(counting, 32 * LEAST, effort);
      default ->
          throw taken.unsaid(
              "reasoning_effort", "It is none, minimal, low, medium, high, xhigh or max.");
    };
  }

  private static Thinking of(boolean counting, int budget, String effort) {
    return counting
        ? new Thinking(budget, null, null, false)
        : new Thinking(0, effort, null, false);
  }

  /**
   * @param body its {@code max_tokens} are told already; thought counts in them
   */
  void write(ObjectNode body, Taken taken) {
    if (given != null) {
      body.set("thinking", given);
    } else if (off) {
      body.putObject("thinking").put("type", "disabled");
    } else if (effort != null) {
      body.putObject("thinking").put("type", "adaptive");
      body.putObject("output_config").put("effort", effort);
    } else if (budget > 0) {
      int most = body.path("max_tokens").intValue();
      if (most <= LEAST) {
        throw taken.unsaid(
            "reasoning_effort",
            "It thinks at least %d tokens, and max_tokens are %d. Raise them."
                .formatted(LEAST, most));
      }
      body.putObject("thinking")
          .put("type", "enabled")
          .put("budget_tokens", Math.min(budget, most - 1));
    }
  }
}
