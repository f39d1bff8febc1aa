package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.serving.providers.llama.decoding.Generation;
import dev.lathe.serving.providers.llama.decoding.Generation.Done;
import dev.lathe.serving.providers.llama.decoding.Generation.Ending;
import dev.lathe.serving.providers.llama.decoding.Generation.Failed;
import dev.lathe.serving.providers.llama.decoding.Generation.Likelihood;
import dev.lathe.serving.providers.llama.decoding.Generation.Piece;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/chat/completions}, in OpenAI's shapes. With {@code return_tokens}, as
 * llama-server calls it, a whole answer's choice also holds its token ids, the one that ended it
 * included.
 */
final class ChatEndpoint {
  private final Served served;
  private final Exchange exchange;
  private final String id = "chatcmpl-" + UUID.randomUUID().toString().replace("-", "");
  private final long created = System.currentTimeMillis() / 1000;

  private ChatEndpoint(Served served, Exchange exchange) {
    this.served = served;
    this.exchange = exchange;
  }

  static void handle(Served served, Exchange exchange) throws IOException, InterruptedException {
    new ChatEndpoint(served, exchange).answer(Fields.read(exchange.request().body()));
  }

  private void answer(Fields request) throws IOException, InterruptedException {
    var parameters = Parameters.chat(request, served.decoding().vocabularySize());
    boolean stream = request.flag("stream", false);
    var options = request.object("stream_options");
    boolean usage = options != null && options.flag("include_usage", false);
    var constraint = ResponseFormat.of(request);
    var messages = ChatMessages.read(request);
    int[] prompt = served.prompts().encode(messages, ChatMessages.tools(request));
    var generation =
        Submission.of(served, parameters.prompted(prompt, constraint), "messages", exchange);
    if (stream) {
      stream(generation, usage);
    } else {
      whole(generation, request.flag("return_tokens", false));
    }
  }

  private void whole(Generation generation, boolean tokens)
      throws IOException, InterruptedException {
    var text = new StringBuilder();
    List<Object> likelihoods = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    while (true) {
      switch (generation.next()) {
        case Piece piece -> {
          text.append(piece.text());
          ids.add(piece.token());
          addTo(likelihoods, piece);
        }
        case Failed failed -> throw Submission.failed(failed);
        case Done done -> {
          text.append(done.text());
          var choice = new LinkedHashMap<String, @Nullable Object>();
          choice.put("index", 0);
          choice.put("message", Map.of("role", "assistant", "content", text.toString()));
          choice.put("logprobs", likelihoods.isEmpty() ? null : Map.of("content", likelihoods));
          choice.put("finish_reason", reason(done));
          if (tokens) {
            choice.put("tokens", ids);
          }
          var body = body("chat.completion", List.of(choice));
          body.put("usage", usage(done));
          body.put("timings", Submission.timings(done.counts()));
          exchange.answer(200, body);
          return;
        }
      }
    }
  }

  private void stream(Generation generation, boolean usage)
      throws IOException, InterruptedException {
    // The head waits for the first event: until then a failure still has a status of its own.
    var event = generation.next();
    if (event instanceof Failed failed) {
      throw Submission.failed(failed);
    }
    exchange.beginEvents();
    var role = new LinkedHashMap<String, Object>();
    role.put("role", "assistant");
    role.put("content", "");
    chunk(role, null, null, usage);
    List<Object> likelihoods = new ArrayList<>();
    for (; ; event = generation.next()) {
      switch (event) {
        case Piece piece -> {
          addTo(likelihoods, piece);
          if (!piece.text().isEmpty()) {
            chunk(Map.of("content", piece.text()), likelihoods, null, usage);
            likelihoods.clear();
          }
        }
        case Failed failed -> {
          exchange.event(Submission.failed(failed).body());
          exchange.closeAfterwards();
          return;
        }
        case Done done -> {
          if (!done.text().isEmpty() || !likelihoods.isEmpty()) {
            chunk(Map.of("content", done.text()), likelihoods, null, usage);
          }
          chunk(Map.of(), null, done, usage);
          if (usage) {
            var last = body("chat.completion.chunk", List.of());
            last.put("usage", usage(done));
            last.put("timings", Submission.timings(done.counts()));
            exchange.event(last);
          }
          exchange.event("[DONE]");
          exchange.end();
          return;
        }
      }
    }
  }

  private void chunk(
      Map<String, Object> delta,
      @Nullable List<Object> likelihoods,
      @Nullable Done done,
      boolean usage)
      throws IOException {
    var choice = new LinkedHashMap<String, @Nullable Object>();
    choice.put("index", 0);
    choice.put("delta", delta);
    if (likelihoods != null && !likelihoods.isEmpty()) {
      choice.put("logprobs", Map.of("content", List.copyOf(likelihoods)));
    }
    choice.put("finish_reason", done == null ? null : reason(done));
    var body = body("chat.completion.chunk", List.of(choice));
    if (usage) {
      body.put("usage", null);
    } else if (done != null) {
      body.put("timings", Submission.timings(done.counts()));
    }
    exchange.event(body);
  }

  private Map<String, @Nullable Object> body(String object, List<?> choices) {
    var body = new LinkedHashMap<String, @Nullable Object>();
    body.put("id", id);
    body.put("object", object);
    body.put("created", created);
    body.put("model", served.id());
    body.put("system_fingerprint", "lathe-llama.cpp-b4916");
    body.put("choices", choices);
    return body;
  }

  private static String reason(Done done) {
    return done.ending() == Ending.LENGTH ? "length" : "stop";
  }

  private static Map<String, Object> usage(Done done) {
    var counts = done.counts();
    var usage = new LinkedHashMap<String, Object>();
    usage.put("prompt_tokens", counts.prompt());
    usage.put("completion_tokens", counts.answer());
    usage.put("total_tokens", counts.prompt() + counts.answer());
    usage.put("prompt_tokens_details", Map.of("cached_tokens", counts.reused()));
    return usage;
  }

  private void addTo(List<Object> likelihoods, Piece piece) {
    var likelihood = piece.likelihood();
    if (likelihood != null) {
      var entry = token(piece.token(), likelihood.logProbability());
      entry.put("top_logprobs", alternatives(likelihood));
      likelihoods.add(entry);
    }
  }

  private List<Map<String, Object>> alternatives(Likelihood likelihood) {
    return likelihood.alternatives().stream()
        .map(a -> token(a.token(), a.logProbability()))
        .toList();
  }

  private Map<String, Object> token(int token, double logProbability) {
    var bytes = served.decoding().spelled(token);
    var list = new ArrayList<Integer>();
    for (byte b : bytes) {
      list.add(b & 0xff);
    }
    var entry = new LinkedHashMap<String, Object>();
    entry.put("id", token);
    entry.put("token", new String(bytes, StandardCharsets.UTF_8));
    entry.put("logprob", logProbability);
    entry.put("bytes", list);
    return entry;
  }
}
