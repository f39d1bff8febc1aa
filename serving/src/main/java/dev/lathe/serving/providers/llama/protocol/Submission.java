package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.decoding.Decoding.QueueFull;
import dev.lathe.serving.providers.llama.decoding.Generation;
import dev.lathe.serving.providers.llama.decoding.Generation.Counts;
import dev.lathe.serving.providers.llama.decoding.Generation.Failed;
import dev.lathe.serving.providers.llama.decoding.Generation.Prompted;
import java.util.LinkedHashMap;
import java.util.Map;

/** What both ways to ask for an answer share. */
final class Submission {
  private Submission() {}

  /**
   * Begins the answer, which is cancelled when the client goes away.
   *
   * @param field the request's field that the prompt is from
   */
  static Generation of(Served served, Prompted prompted, String field, Exchange exchange) {
    check(served, prompted.prompt(), field);
    try {
      var generation = served.decoding().submit(prompted);
      exchange.onGone(generation::cancel);
      return generation;
    } catch (QueueFull e) {
      throw new Refusal(
          503,
          "the engine is busy: " + e.getMessage() + ". Ask again in a moment.",
          "overloaded_error",
          null,
          "queue_full");
    }
  }

  private static void check(Served served, int[] prompt, String field) {
    int context = served.decoding().contextLength();
    if (prompt.length == 0) {
      throw Refusal.of(field, "the prompt is empty");
    }
    if (prompt.length >= context) {
      throw new Refusal(
          400,
          "This model's context holds %d tokens and the prompt has %d. Shorten the messages."
              .formatted(context, prompt.length),
          "invalid_request_error",
          field,
          "context_length_exceeded");
    }
    int vocabulary = served.decoding().vocabularySize();
    for (int id : prompt) {
      if (id < 0 || id >= vocabulary) {
        throw Refusal.of(
            field,
            "the prompt holds the token id " + id + "; ids go from 0 to " + (vocabulary - 1));
      }
    }
  }

  static Refusal failed(Failed failed) {
    return new Refusal(500, failed.message(), "server_error", null, null);
  }

  /** In llama-server's names. */
  static Map<String, Object> timings(Counts counts) {
    int computed = counts.prompt() - counts.reused();
    var timings = new LinkedHashMap<String, Object>();
    timings.put("cache_n", counts.reused());
    timings.put("prompt_n", computed);
    timings.put("prompt_ms", counts.promptNanos() / 1e6);
    timings.put("prompt_per_second", perSecond(computed, counts.promptNanos()));
    timings.put("predicted_n", counts.answer());
    timings.put("predicted_ms", counts.answerNanos() / 1e6);
    // The first token is the prompt's work.
    timings.put("predicted_per_second", perSecond(counts.answer() - 1, counts.answerNanos()));
    return timings;
  }

  private static double perSecond(int tokens, long nanos) {
    return nanos <= 0 ? 0 : Math.rint(tokens * 1e11 / nanos) / 100;
  }
}
