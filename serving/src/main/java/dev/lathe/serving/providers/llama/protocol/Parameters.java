package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.decoding.Constraint;
import dev.lathe.serving.providers.llama.decoding.Generation.Prompted;
import dev.lathe.serving.providers.llama.decoding.Sampling;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of sampling and length, checked. Defaults are llama-server's, for both of its
 * forms.
 *
 * @param most tokens of the answer; {@link #UNBOUNDED} for what the context holds
 * @param alternatives as {@link Prompted#alternatives()}
 */
record Parameters(
    Sampling sampling, int most, List<String> stops, boolean reuse, int alternatives) {
  static final int UNBOUNDED = Integer.MAX_VALUE;

  private static final int MOST_STOPS = 16;
  private static final int LONGEST_STOP = 1_000;
  private static final int MOST_ALTERNATIVES = 20;

  Parameters {
    stops = List.copyOf(stops);
  }

  /** Of OpenAI's form. */
  static Parameters chat(Fields request, int vocabulary) {
    if (request.whole("n", 1, 1, Integer.MAX_VALUE) != 1) {
      throw Refusal.of(
          "n",
          "'n' must be 1: this engine gives one answer a request. Ask as often as you want answers.");
    }
    var newer = request.get("max_completion_tokens") != null;
    int most =
        request.whole(
            newer ? "max_completion_tokens" : "max_tokens", UNBOUNDED, 1, Integer.MAX_VALUE);
    boolean likelihoods = request.flag("logprobs", false);
    int alternatives = request.whole("top_logprobs", 0, 0, MOST_ALTERNATIVES);
    if (alternatives > 0 && !likelihoods) {
      throw Refusal.of("top_logprobs", "'top_logprobs' needs 'logprobs' to be true");
    }
    return of(request, most, likelihoods ? alternatives : -1, vocabulary);
  }

  /** Of llama-server's own. */
  static Parameters completion(Fields request, int vocabulary) {
    int most = request.whole("n_predict", -1, -2, Integer.MAX_VALUE);
    if (most == 0) {
      throw Refusal.of("n_predict", "'n_predict' must be at least 1, or -1 for no bound");
    }
    int likelihoods = request.whole("n_probs", 0, 0, MOST_ALTERNATIVES);
    return of(
        request, most < 0 ? UNBOUNDED : most, likelihoods == 0 ? -1 : likelihoods, vocabulary);
  }

  private static Parameters of(Fields request, int most, int alternatives, int vocabulary) {
    var sampling =
        new Sampling(
            request.number("temperature", 0.8, 0, 2),
            request.whole("top_k", 40, -1, Integer.MAX_VALUE) < 0
                ? 0
                : request.whole("top_k", 40, 0, Integer.MAX_VALUE),
            share(request, "top_p", 0.95),
            request.number("min_p", 0.05, 0, 1),
            factor(request),
            request.number("presence_penalty", 0, -2, 2),
            request.number("frequency_penalty", 0, -2, 2),
            request.seed("seed").orElseGet(() -> ThreadLocalRandom.current().nextLong()),
            bias(request, vocabulary));
    return new Parameters(
        sampling,
        most,
        request.texts("stop", MOST_STOPS, LONGEST_STOP),
        request.flag("cache_prompt", true),
        alternatives);
  }

  Prompted prompted(int[] ids, @Nullable Constraint constraint) {
    return new Prompted(ids, most, sampling, stops, reuse, alternatives, constraint);
  }

  /** A top-p of 0 leaves the likeliest, as a very small one does. */
  private static double share(Fields request, String name, double otherwise) {
    return Math.max(1e-9, request.number(name, otherwise, 0, 1));
  }

  private static double factor(Fields request) {
    double factor = request.number("repeat_penalty", 1, 0, 10);
    if (factor == 0) {
      throw Refusal.of("repeat_penalty", "'repeat_penalty' must be above 0; 1 is none");
    }
    return factor;
  }

  private static Map<Integer, Double> bias(Fields request, int vocabulary) {
    var object = request.object("logit_bias");
    if (object == null) {
      return Map.of();
    }
    if (object.node().size() > 1_000) {
      throw Refusal.of("logit_bias", "'logit_bias' holds more than 1000 tokens");
    }
    var bias = new HashMap<Integer, Double>();
    for (var token : object.node().propertyNames()) {
      int id = token.matches("[0-9]{1,9}") ? Integer.parseInt(token) : -1;
      if (id < 0 || id >= vocabulary) {
        throw Refusal.of(
            "logit_bias",
            "'logit_bias' names the token '%s'; ids go from 0 to %d"
                .formatted(token.length() > 20 ? token.substring(0, 20) : token, vocabulary - 1));
      }
      bias.put(id, object.number(token, 0, -100, 100));
    }
    return bias;
  }
}
