package dev.lathe.serving.messages;

import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.routing.Reply;
import dev.lathe.serving.wire.Events;
import dev.lathe.serving.wire.WireError;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** The router's reply, as a client of Anthropic's hears it. */
public final class MessagesReply implements Reply {
  /** The client's side: events have names there. */
  public interface Client {
    /** A whole answer. */
    void whole(Map<String, String> headers, byte[] json) throws ClientGone;

    /** The head of a stream of events. */
    void begin(Map<String, String> headers) throws ClientGone;

    /** One event. */
    void event(String name, byte[] data) throws ClientGone;

    /** What was written goes out now. */
    void flush() throws ClientGone;
  }

  private final Client client;
  private final MessageStream stream;

  public MessagesReply(Client client) {
    this.client = client;
    this.stream =
        new MessageStream(
            event -> client.event(event.path("type").asString(""), Json.bytes(event)));
  }

  @Override
  public void whole(Map<String, String> headers, byte[] json) throws ClientGone {
    client.whole(headers, Json.bytes(WholeMessage.of(read(json))));
  }

  @Override
  public void begin(Map<String, String> headers) throws ClientGone {
    client.begin(headers);
  }

  @Override
  public void event(byte[] data) throws ClientGone {
    if (Events.isDone(data)) {
      stream.end();
    } else {
      stream.chunk(read(data));
    }
  }

  @Override
  public void flush() throws ClientGone {
    client.flush();
  }

  private static ObjectNode read(byte[] json) {
    var read = Json.object(json);
    if (read == null) {
      throw new IllegalStateException(
          "the router passed on what is no JSON: " + new String(json, StandardCharsets.UTF_8));
    }
    return read;
  }

  /** The body of an error in Anthropic's form. */
  public static byte[] json(WireError error) {
    return json(error.status(), error.message());
  }

  /** The body of an error of a status. */
  public static byte[] json(int status, String message) {
    return Json.bytes(error(status, message));
  }

  static ObjectNode error(int status, String message) {
    var body = Json.object().put("type", "error");
    body.putObject("error").put("type", type(status)).put("message", message);
    return body;
  }

  private static String type(int status) {
    return switch (status) {
      case 401 -> "authentication_error";
      case 402 -> "billing_error";
      case 403 -> "permission_error";
      case 404 -> "not_found_error";
      case 413 -> "request_too_large";
      case 429 -> "rate_limit_error";
      case 503, 529 -> "overloaded_error";
      case 504 -> "timeout_error";
      default -> status < 500 ? "invalid_request_error" : "api_error";
    };
  }
}
