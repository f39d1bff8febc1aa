package dev.lathe.serving.providers.llama.decoding;

import java.util.Map;

/**
 * How the next token is chosen. The order is llama.cpp's: bias and penalties, top-k, top-p, min-p,
 * temperature.
 *
 * @param temperature 0 takes the likeliest token always
 * @param topK the likeliest k only; 0 for all
 * @param topP the likeliest that together have this probability; 1 for all
 * @param minP those at least this likely against the likeliest; 0 for all
 * @param repeatPenalty divides what was among the last 64 tokens, prompt included; 1 for none
 * @param presencePenalty taken off once what the answer holds already (OpenAI's)
 * @param frequencyPenalty taken off for every time that the answer holds it (OpenAI's)
 * @param seed equal seeds draw equally, as far as the logits are equal
 * @param bias added to single tokens
 */
public record Sampling(
    double temperature,
    int topK,
    double topP,
    double minP,
    double repeatPenalty,
    double presencePenalty,
    double frequencyPenalty,
    long seed,
    Map<Integer, Double> bias) {
  public Sampling {
    bias = Map.copyOf(bias);
    if (!(temperature >= 0) || !Double.isFinite(temperature)) {
      throw new IllegalArgumentException("a temperature is at least 0: " + temperature);
    }
    if (topK < 0 || !(topP > 0 && topP <= 1) || !(minP >= 0 && minP <= 1)) {
      throw new IllegalArgumentException("top-k, top-p and min-p are shares");
    }
    if (!(repeatPenalty > 0) || !Double.isFinite(presencePenalty + frequencyPenalty)) {
      throw new IllegalArgumentException("penalties are finite");
    }
  }

  /** Always the likeliest token. */
  public static Sampling greedy() {
    return new Sampling(0, 0, 1, 0, 1, 0, 0, 0, Map.of());
  }
}
