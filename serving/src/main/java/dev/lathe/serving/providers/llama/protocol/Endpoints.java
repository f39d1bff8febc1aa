package dev.lathe.serving.providers.llama.protocol;

import dev.lathe.checkpoints.input.BadInput;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** llama-server's paths. Until a model is there, only its absence can be asked for. */
public final class Endpoints {
  private static final int MOST_TEXT = 4 << 20;

  private final AtomicReference<@Nullable Served> served = new AtomicReference<>();

  /**
   * Listens on loopback.
   *
   * @param port 0 for any that is free
   */
  public LoopbackServer listen(int port) throws IOException {
    return LoopbackServer.start(port, this::handle);
  }

  /** From now on there is a model. */
  public void ready(Served model) {
    served.set(model);
  }

  private void handle(Exchange exchange) throws IOException {
    try {
      route(exchange);
    } catch (Refusal e) {
      refuse(exchange, e);
    } catch (BadInput e) {
      refuse(exchange, Refusal.of("messages", String.valueOf(e.getMessage())));
    } catch (IllegalArgumentException e) {
      refuse(exchange, Refusal.of(null, String.valueOf(e.getMessage())));
    } catch (OutOfMemoryError e) {
      refuse(
          exchange,
          new Refusal(503, "the engine has no memory left", "overloaded_error", null, null));
    } catch (RuntimeException e) {
      System.err.println(exchange.request().path() + ": " + e);
      refuse(exchange, new Refusal(500, "the engine failed: " + e, "server_error", null, null));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static void refuse(Exchange exchange, Refusal refusal) throws IOException {
    if (exchange.begun()) {
      exchange.closeAfterwards();
      return;
    }
    exchange.answer(
        refusal.status(), refusal.body(), refusal.status() == 503 ? "Retry-After: 1\r\n" : "");
  }

  private void route(Exchange exchange) throws IOException, InterruptedException {
    var request = exchange.request();
    requireNoBrowser(request);
    var method = request.method().equals("HEAD") ? "GET" : request.method();
    var expected =
        switch (request.path()) {
          case "/health", "/v1/health", "/props", "/v1/models", "/models" -> "GET";
          case "/v1/chat/completions",
              "/chat/completions",
              "/completion",
              "/completions",
              "/tokenize",
              "/detokenize",
              "/apply-template" ->
              "POST";
          default ->
              throw new Refusal(
                  404, "there is no " + request.path() + " here", "not_found_error", null, null);
        };
    if (!method.equals(expected)) {
      throw new Refusal(
          405, request.path() + " wants " + expected, "invalid_request_error", null, null);
    }
    var model = served.get();
    if (model == null) {
      exchange.answer(503, loading(request.path()), "Retry-After: 1\r\n");
      return;
    }
    switch (request.path()) {
      case "/health", "/v1/health" -> exchange.answer(200, Map.of("status", "ok"));
      case "/props" -> exchange.answer(200, properties(model));
      case "/v1/models", "/models" -> exchange.answer(200, models(model));
      case "/tokenize" -> exchange.answer(200, tokenize(model, Fields.read(request.body())));
      case "/detokenize" -> exchange.answer(200, detokenize(model, Fields.read(request.body())));
      case "/apply-template" -> exchange.answer(200, render(model, Fields.read(request.body())));
      case "/completion", "/completions" -> CompletionEndpoint.handle(model, exchange);
      default -> ChatEndpoint.handle(model, exchange);
    }
  }

  /** A page in a browser on this machine reaches loopback too; none of them has business here. */
  private static void requireNoBrowser(HttpRequest request) {
    var host = request.headers().getOrDefault("host", "127.0.0.1");
    var name = host.replaceFirst(":[0-9]+$", "");
    if (request.headers().containsKey("origin")
        || !List.of("127.0.0.1", "localhost", "[::1]").contains(name)) {
      throw new Refusal(
          403, "an engine answers programs of its own machine", "permission_error", null, null);
    }
  }

  private static Object loading(String path) {
    return path.endsWith("health")
        ? Map.of("status", "loading model")
        : new Refusal(503, "the model is being loaded", "unavailable_error", null, "loading")
            .body();
  }

  private static Object properties(Served model) {
    var properties = new LinkedHashMap<String, Object>(model.properties());
    var decoding = model.decoding();
    properties.put("default_generation_settings", Map.of("n_ctx", decoding.contextLength()));
    properties.put("total_slots", decoding.slots());
    properties.put("running", decoding.running());
    properties.put("waiting", decoding.waiting());
    properties.put("tokens_answered", decoding.answered());
    properties.put("tokens_per_second", Math.rint(decoding.tokensPerSecond() * 100) / 100);
    return properties;
  }

  private static Object models(Served model) {
    return Map.of(
        "object",
        "list",
        "data",
        List.of(
            Map.of(
                "id",
                model.id(),
                "object",
                "model",
                "created",
                model.created(),
                "owned_by",
                "lathe",
                "meta",
                model.meta())));
  }

  private static Object tokenize(Served model, Fields request) {
    var text = request.text("content");
    if (text == null || text.length() > MOST_TEXT) {
      throw Refusal.of("content", "'content' must be a text of at most 4 Mi characters");
    }
    int[] ids =
        request.flag("parse_special", true)
            ? model.prompts().encode(text)
            : model.prompts().encodePlain(text);
    if (!request.flag("with_pieces", false)) {
      return Map.of("tokens", ids);
    }
    return Map.of(
        "tokens",
        IntStream.of(ids)
            .mapToObj(id -> Map.of("id", id, "piece", model.prompts().decode(new int[] {id})))
            .toList());
  }

  private static Object detokenize(Served model, Fields request) {
    var list = request.list("tokens", MOST_TEXT);
    if (list == null) {
      throw Refusal.of("tokens", "'tokens' must be a list of token ids");
    }
    int[] ids = new int[list.size()];
    for (int i = 0; i < ids.length; i++) {
      if (!list.get(i).isIntegralNumber() || !list.get(i).canConvertToInt()) {
        throw Refusal.of("tokens", "'tokens' must be a list of token ids");
      }
      ids[i] = list.get(i).intValue();
    }
    return Map.of("content", model.prompts().decode(ids));
  }

  private static Object render(Served model, Fields request) {
    return Map.of(
        "prompt", model.prompts().render(ChatMessages.read(request), ChatMessages.tools(request)));
  }
}
