package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.decoding.Constraint;
import dev.lathe.serving.providers.llama.decoding.Generation.Done;
import dev.lathe.serving.providers.llama.decoding.Generation.Failed;
import dev.lathe.serving.providers.llama.decoding.Generation.Piece;
import dev.lathe.serving.providers.llama.decoding.Sampling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code POST /completion}, llama-server's own: a prompt as text or as token ids goes on. */
final class CompletionEndpoint {
  private final Served served;
  private final Exchange exchange;
  private final Parameters parameters;
  private final int[] prompt;
  private final boolean tokens;
  private final @Nullable Constraint constraint;

  private CompletionEndpoint(Served served, Exchange exchange, Fields request) {
    this.served = served;
    this.exchange = exchange;
    this.parameters = Parameters.completion(request, served.decoding().vocabularySize());
    this.tokens = request.flag("return_tokens", false);
    this.prompt = prompt(request);
    this.constraint = ResponseFormat.ofCompletion(request);
  }

  static void handle(Served served, Exchange exchange) throws IOException, InterruptedException {
    var request = Fields.read(exchange.request().body());
    new CompletionEndpoint(served, exchange, request).answer(request.flag("stream", false));
  }

  private void answer(boolean stream) throws IOException, InterruptedException {
    var generation =
        Submission.of(served, parameters.prompted(prompt, constraint), "prompt", exchange);
    var text = new StringBuilder();
    List<Integer> ids = new ArrayList<>();
    List<Object> likelihoods = new ArrayList<>();
    var event = generation.next();
    if (event instanceof Failed failed) {
      throw Submission.failed(failed);
    }
    if (stream) {
      exchange.beginEvents();
    }
    for (; ; event = generation.next()) {
      switch (event) {
        case Piece piece -> {
          text.append(piece.text());
          ids.add(piece.token());
          addTo(likelihoods, piece);
          if (stream) {
            part(piece.text(), List.of(piece.token()), likelihoods);
            likelihoods.clear();
          }
        }
        case Failed failed -> {
          if (!stream) {
            throw Submission.failed(failed);
          }
          exchange.event(Submission.failed(failed).body());
          exchange.closeAfterwards();
          return;
        }
        case Done done -> {
          if (stream && !done.text().isEmpty()) {
            part(done.text(), List.of(), likelihoods);
          }
          text.append(done.text());
          var body = last(done, stream ? "" : text.toString(), stream ? List.of() : ids);
          if (!likelihoods.isEmpty()) {
            body.put("completion_probabilities", likelihoods);
          }
          if (stream) {
            exchange.event(body);
            exchange.end();
          } else {
            exchange.answer(200, body);
          }
          return;
        }
      }
    }
  }

  private int[] prompt(Fields request) {
    var node = request.get("prompt");
    if (node != null && node.isString()) {
      return served.prompts().encode(node.stringValue());
    }
    if (node == null || !node.isArray() || node.size() > 1 << 22) {
      throw Refusal.of("prompt", "'prompt' must be a text or a list of token ids");
    }
    int[] ids = new int[node.size()];
    for (int i = 0; i < ids.length; i++) {
      if (!node.get(i).isIntegralNumber() || !node.get(i).canConvertToInt()) {
        throw Refusal.of("prompt", "'prompt' must be one text or a list of token ids");
      }
      ids[i] = node.get(i).intValue();
    }
    return ids;
  }

  private void part(String text, List<Integer> ids, List<Object> likelihoods) throws IOException {
    var body = new LinkedHashMap<String, @Nullable Object>();
    body.put("index", 0);
    body.put("content", text);
    body.put("tokens", tokens ? ids : List.of());
    body.put("stop", false);
    if (!likelihoods.isEmpty()) {
      body.put("completion_probabilities", List.copyOf(likelihoods));
    }
    exchange.event(body);
  }

  private Map<String, @Nullable Object> last(Done done, String text, List<Integer> ids) {
    var counts = done.counts();
    var stop = done.stop();
    var body = new LinkedHashMap<String, @Nullable Object>();
    body.put("index", 0);
    body.put("content", text);
    body.put("tokens", tokens ? ids : List.of());
    body.put("model", served.id());
    body.put("stop", true);
    body.put(
        "stop_type",
        switch (done.ending()) {
          case END_TOKEN -> "eos";
          case STOP_STRING -> "word";
          case LENGTH -> "limit";
        });
    body.put("stopping_word", stop == null ? "" : stop);
    body.put("tokens_predicted", counts.answer());
    body.put("tokens_evaluated", counts.prompt());
    body.put("tokens_cached", counts.reused());
    body.put("truncated", false);
    body.put("generation_settings", settings(parameters.sampling()));
    body.put("timings", Submission.timings(counts));
    return body;
  }

  private Map<String, Object> settings(Sampling sampling) {
    var settings = new LinkedHashMap<String, Object>();
    settings.put("n_ctx", served.decoding().contextLength());
    settings.put("n_predict", parameters.most() == Parameters.UNBOUNDED ? -1 : parameters.most());
    settings.put("temperature", sampling.temperature());
    settings.put("top_k", sampling.topK());
    settings.put("top_p", sampling.topP());
    settings.put("min_p", sampling.minP());
    settings.put("repeat_penalty", sampling.repeatPenalty());
    settings.put("presence_penalty", sampling.presencePenalty());
    settings.put("frequency_penalty", sampling.frequencyPenalty());
    settings.put("seed", sampling.seed());
    settings.put("stop", parameters.stops());
    return settings;
  }

  private void addTo(List<Object> likelihoods, Piece piece) {
    var likelihood = piece.likelihood();
    if (likelihood != null) {
      var entry = token(piece.token(), likelihood.logProbability());
      entry.put(
          "top_logprobs",
          likelihood.alternatives().stream()
              .map(a -> token(a.token(), a.logProbability()))
              .toList());
      likelihoods.add(entry);
    }
  }

  private Map<String, Object> token(int token, double logProbability) {
    var entry = new LinkedHashMap<String, Object>();
    entry.put("id", token);
    entry.put("token", new String(served.decoding().spelled(token), StandardCharsets.UTF_8));
    entry.put("logprob", logProbability);
    return entry;
  }
}
