package dev.lathe.app.router;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Anthropic, Cohere and Ollama behind one port, each at its path. What the last message says
 * chooses the manners: {@code 429}, {@code 529}, {@code garbage}, {@code error-first}, {@code
 * broken}, {@code silent-end}, {@code held} (each further event waits for {@link #let}), and tools
 * where there are some.
 */
final class StandInProvider implements AutoCloseable {
  /** What was asked, as it came. */
  final List<Asked> asked = new CopyOnWriteArrayList<>();

  /** One permit an event of a held stream. */
  final Semaphore let = new Semaphore(0);

  private final HttpServer server;

  record Asked(String path, Map<String, List<String>> head, JsonNode json) {}

  private StandInProvider(HttpServer server) {
    this.server = server;
  }

  static StandInProvider start() throws IOException {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    var provider = new StandInProvider(server);
    server.createContext("/", provider::handle);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    return provider;
  }

  URI root() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void handle(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    var json = JsonMapper.shared().readTree(exchange.getRequestBody());
    asked.add(new Asked(path, Map.copyOf(exchange.getRequestHeaders()), json));
    var said = json.path("messages").path(json.path("messages").size() - 1).path("content");
    var manners = said.isString() ? said.stringValue() : said.path(0).path("text").asString("");
    switch (manners) {
      case "429", "529" -> {
        exchange.getResponseHeaders().set("Retry-After", "7");
        send(exchange, Integer.parseInt(manners), "application/json", error(path, manners));
      }
      case "garbage" -> send(exchange, 200, "text/html", "<html>hello</html>");
      default -> {
        if (path.endsWith("count_tokens")) {
          send(exchange, 200, "application/json", "{\"input_tokens\": 42}");
        } else if (json.path("stream").asBoolean(false)) {
          stream(exchange, path, manners, !json.path("tools").isEmpty());
        } else {
          send(exchange, 200, "application/json", whole(path, !json.path("tools").isEmpty()));
        }
      }
    }
  }

  private static String error(String path, String status) {
    boolean overloaded = status.equals("529");
    return switch (path) {
      case "/v1/messages" ->
          "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"slow down\"}}"
              .formatted(overloaded ? "overloaded_error" : "rate_limit_error");
      case "/v2/chat" -> "{\"id\":\"x\",\"message\":\"slow down\"}";
      default -> "{\"error\":\"slow down\"}";
    };
  }

  private static String whole(String path, boolean tools) {
    return switch (path) {
      case "/v1/messages" ->
          """
          {"id":"msg_1","type":"message","role":"assistant","model":"theirs","content":[{"type":"text","text":"one two"}%s],
           "stop_reason":"%s","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":5}}"""
              .formatted(
                  tools
                      ? ",{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"weather\",\"input\":{\"town\":\"Oslo\"}}"
                      : "",
                  tools ? "tool_use" : "end_turn");
      case "/v2/chat" ->
          """
          {"id":"c","finish_reason":"%s","message":{"role":"assistant",%s},"usage":{"tokens":{"input_tokens":9,"output_tokens":5}}}"""
              .formatted(
                  tools ? "TOOL_CALL" : "COMPLETE",
                  tools
                      ? "\"tool_plan\":\"one two\",\"tool_calls\":[{\"id\":\"toolu_1\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"{\\\"town\\\":\\\"Oslo\\\"}\"}}]"
                      : "\"content\":[{\"type\":\"text\",\"text\":\"one two\"}]");
      default ->
          """
          {"model":"theirs","message":{"role":"assistant","content":"one two"%s},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":5}"""
              .formatted(
                  tools
                      ? ",\"tool_calls\":[{\"function\":{\"name\":\"weather\",\"arguments\":{\"town\":\"Oslo\"}}}]"
                      : "");
    };
  }

  /** Events in order: the beginning, two words, a call where there are tools, the end. */
  private static List<String> events(String path, boolean tools) {
    return switch (path) {
      case "/v1/messages" ->
          List.of(
              "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}",
              "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
              "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"one \"}}",
              "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"two\"}}",
              "{\"type\":\"content_block_stop\",\"index\":0}",
              tools
                  ? "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"weather\",\"input\":{}}}"
                  : "{\"type\":\"ping\"}",
              tools
                  ? "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"town\\\":\\\"Oslo\\\"}\"}}"
                  : "{\"type\":\"ping\"}",
              tools ? "{\"type\":\"content_block_stop\",\"index\":1}" : "{\"type\":\"ping\"}",
              "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":5}}"
                  .formatted(tools ? "tool_use" : "end_turn"),
              "{\"type\":\"message_stop\"}");
      case "/v2/chat" ->
          List.of(
              "{\"type\":\"message-start\",\"id\":\"c\",\"delta\":{\"message\":{\"role\":\"assistant\"}}}",
              "{\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}",
              "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"one \"}}}}",
              "{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"two\"}}}}",
              "{\"type\":\"content-end\",\"index\":0}",
              tools
                  ? "{\"type\":\"tool-call-start\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"id\":\"toolu_1\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"\"}}}}}"
                  : "{\"type\":\"debug\"}",
              tools
                  ? "{\"type\":\"tool-call-delta\",\"index\":0,\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":\"{\\\"town\\\":\\\"Oslo\\\"}\"}}}}}"
                  : "{\"type\":\"debug\"}",
              "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"%s\",\"usage\":{\"tokens\":{\"input_tokens\":9,\"output_tokens\":5}}}}"
                  .formatted(tools ? "TOOL_CALL" : "COMPLETE"));
      default ->
          List.of(
              "{\"message\":{\"role\":\"assistant\",\"content\":\"one \"},\"done\":false}",
              "{\"message\":{\"role\":\"assistant\",\"content\":\"two\"},\"done\":false}",
              "{\"message\":{\"role\":\"assistant\",\"content\":\"\"%s},\"done\":false}"
                  .formatted(
                      tools
                          ? ",\"tool_calls\":[{\"function\":{\"name\":\"weather\",\"arguments\":{\"town\":\"Oslo\"}}}]"
                          : ""),
              "{\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":9,\"eval_count\":5}");
    };
  }

  private static String failure(String path) {
    return switch (path) {
      case "/v1/messages" ->
          "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"not today\"}}";
      case "/v2/chat" ->
          "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"not today\"}}";
      default -> "{\"error\":\"not today\"}";
    };
  }

  private void stream(HttpExchange exchange, String path, String manners, boolean tools)
      throws IOException {
    boolean lines = path.equals("/api/chat");
    exchange
        .getResponseHeaders()
        .set("Content-Type", lines ? "application/x-ndjson" : "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    if (manners.equals("error-first")) {
      event(exchange, lines, failure(path));
      exchange.close();
      return;
    }
    var events = events(path, tools);
    // what cuts a stream leaves one word said
    int cut = lines ? 1 : 3;
    for (int i = 0; i < events.size(); i++) {
      if (i == cut && manners.equals("silent-end")) {
        exchange.close();
        return;
      }
      if (i == cut && manners.equals("broken")) {
        throw new IOException("as was wished"); // the server cuts the connection
      }
      if (i == cut && manners.equals("error-later")) {
        event(exchange, lines, failure(path));
        exchange.close();
        return;
      }
      if (i >= cut && manners.equals("held")) {
        let.acquireUninterruptibly();
      }
      event(exchange, lines, events.get(i));
    }
    exchange.close();
  }

  private static void event(HttpExchange exchange, boolean lines, String json) throws IOException {
    var type = JsonMapper.shared().readTree(json).path("type").asString("");
    var text = lines ? json + "\n" : "event: " + type + "\ndata: " + json + "\n\n";
    exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private static void send(HttpExchange exchange, int status, String type, String body)
      throws IOException {
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    let.release(1000);
    server.stop(0);
  }
}
