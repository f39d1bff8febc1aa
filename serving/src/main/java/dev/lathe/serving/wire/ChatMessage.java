package dev.lathe.serving.wire;

import dev.lathe.serving.wire.ContentPart.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One message of a chat request, read for targets that want it in other words.
 *
 * @param callId of the call that a tool's message answers
 * @param json as it came, for what only some targets know
 * @param at where it stands, such as {@code messages[2]}
 */
public record ChatMessage(
    Role role,
    List<ContentPart> parts,
    List<Call> calls,
    @Nullable String callId,
    JsonNode json,
    String at) {
  private static final Pattern DATA =
      Pattern.compile("data:([A-Za-z0-9.+/-]+);base64,([A-Za-z0-9+/=_-]+)");

  public ChatMessage {
    parts = List.copyOf(parts);
    calls = List.copyOf(calls);
  }

  /** Who speaks; a developer is the system. */
  public enum Role {
    SYSTEM,
    USER,
    ASSISTANT,
    TOOL
  }

  /**
   * A function that the assistant calls.
   *
   * @param arguments the text that it wrote, JSON most of the time
   */
  public record Call(String id, String name, String arguments) {}

  /**
   * The messages of a request.
   *
   * @throws WireError 400, naming what is neither text nor picture nor document, and what is no
   *     call of a function
   */
  public static List<ChatMessage> of(ChatRequest request) {
    var messages = new ArrayList<ChatMessage>();
    for (var message : request.fields().path("messages")) {
      messages.add(read(message, "messages[" + messages.size() + "]"));
    }
    return messages;
  }

  private static ChatMessage read(JsonNode message, String at) {
    var role =
        switch (message.path("role").asString("")) {
          case "system", "developer" -> Role.SYSTEM;
          case "assistant" -> Role.ASSISTANT;
          case "tool" -> Role.TOOL;
          case "user" -> Role.USER;
          default ->
              throw unsaid(
                  at + ".role", "Functions of before tools cannot be told on. Use role 'tool'.");
        };
    for (var old : List.of("function_call", "audio")) {
      if (message.hasNonNull(old)) {
        throw unsaid(at + "." + old, "Say it as text, or as 'tool_calls'.");
      }
    }
    var callId = message.path("tool_call_id");
    return new ChatMessage(
        role,
        parts(message, at),
        calls(message.path("tool_calls"), at + ".tool_calls"),
        callId.isString() ? callId.stringValue() : null,
        message,
        at);
  }

  private static List<ContentPart> parts(JsonNode message, String at) {
    var content = message.path("content");
    var parts = new ArrayList<ContentPart>();
    if (content.isString()) {
      parts.add(new Text(content.stringValue()));
    } else if (content.isArray()) {
      for (int i = 0; i < content.size(); i++) {
        parts.add(part(content.get(i), at + ".content[" + i + "]"));
      }
    }
    var refusal = message.path("refusal");
    if (refusal.isString()) {
      parts.add(new Text(refusal.stringValue()));
    }
    return parts;
  }

  private static ContentPart part(JsonNode part, String at) {
    return switch (part.path("type").asString("")) {
      case "text" -> new Text(part.path("text").asString(""));
      case "refusal" -> new Text(part.path("refusal").asString(""));
      case "image_url" -> image(part.path("image_url").path("url").asString(""), at + ".image_url");
      case "file" -> document(part.path("file"), at + ".file");
      default ->
          throw unsaid(
              at + ".type",
              "'" + part.path("type").asString("") + "' is neither text nor image_url nor file.");
    };
  }

  private static ContentPart image(String url, String at) {
    var data = DATA.matcher(url);
    if (data.matches()) {
      return new ContentPart.Image(data.group(1), data.group(2));
    }
    if (url.startsWith("https://") || url.startsWith("http://")) {
      return new ContentPart.ImageLink(url);
    }
    throw WireError.invalid(
        at + ".url",
        "invalid_value",
        "'%s.url' is neither https://… nor data:image/…;base64,…".formatted(at));
  }

  private static ContentPart document(JsonNode file, String at) {
    var data = DATA.matcher(file.path("file_data").asString(""));
    if (data.matches()) {
      return new ContentPart.Document(
          data.group(1), data.group(2), file.path("filename").asString(""));
    }
    throw unsaid(at, "Send the document itself: file_data: data:application/pdf;base64,…");
  }

  private static List<Call> calls(JsonNode list, String at) {
    var calls = new ArrayList<Call>();
    for (var call : list) {
      var here = at + "[" + calls.size() + "]";
      var function = call.path("function");
      if (!function.path("name").isString() || !call.path("id").isString()) {
        throw unsaid(here, "A call has an id, and a function with a name.");
      }
      var arguments = function.path("arguments");
      calls.add(
          new Call(
              call.path("id").stringValue(),
              function.path("name").stringValue(),
              arguments.isString() ? arguments.stringValue() : ""));
    }
    return calls;
  }

  private static WireError unsaid(String param, String remedy) {
    return WireError.invalid(
        param, "unsupported_value", "'" + param + "' cannot be told to this model. " + remedy);
  }

  /** All its words. */
  public String text() {
    return parts.stream()
        .filter(Text.class::isInstance)
        .map(p -> ((Text) p).text())
        .collect(Collectors.joining());
  }
}
