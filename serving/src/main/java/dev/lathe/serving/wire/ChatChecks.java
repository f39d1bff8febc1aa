package dev.lathe.serving.wire;

import dev.lathe.checkpoints.input.DidYouMean;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The fields of a chat completion that OpenAI documents, held to its ranges
 * (https://platform.openai.com/docs/api-reference/chat/create). {@code null} counts as absent;
 * fields that do not stand here are the target's to judge.
 */
final class ChatChecks {
  private static final List<String> ROLES =
      List.of("system", "developer", "user", "assistant", "tool", "function");
  private static final int LONGEST_NAME = 255;

  private ChatChecks() {}

  static void check(ObjectNode body) {
    model(body);
    messages(body.get("messages"));
    number(body, "temperature", 0, 2);
    number(body, "top_p", 0, 1);
    number(body, "frequency_penalty", -2, 2);
    number(body, "presence_penalty", -2, 2);
    whole(body, "max_tokens", 1, Integer.MAX_VALUE);
    whole(body, "max_completion_tokens", 1, Integer.MAX_VALUE);
    whole(body, "n", 1, 128);
    whole(body, "top_logprobs", 0, 20);
    whole(body, "seed", Long.MIN_VALUE, Long.MAX_VALUE);
    for (var name : List.of("stream", "logprobs", "store", "parallel_tool_calls")) {
      require(body, name, "true or false", JsonNode::isBoolean);
    }
    for (var name : List.of("stream_options", "logit_bias", "response_format", "metadata")) {
      require(body, name, "an object", JsonNode::isObject);
    }
    for (var name : List.of("tools", "functions")) {
      require(body, name, "a list", JsonNode::isArray);
    }
    for (var name : List.of("user", "safety_identifier")) {
      require(body, name, "a text", JsonNode::isString);
    }
    stop(body.get("stop"));
  }

  private static void model(ObjectNode body) {
    var model = body.path("model");
    if (!model.isString() || model.stringValue().isBlank()) {
      throw missing("model", "Name the model to ask; GET /v1/models lists them.");
    }
    var name = model.stringValue();
    if (name.length() > LONGEST_NAME || name.chars().anyMatch(c -> c < ' ' || c == 0x7F)) {
      throw wrong("model", "a name of at most " + LONGEST_NAME + " printable characters", null);
    }
  }

  private static void messages(@Nullable JsonNode messages) {
    if (messages == null || messages.isNull()) {
      throw missing("messages", "Send at least one message: {\"role\": \"user\", \"content\": …}.");
    }
    if (!messages.isArray()) {
      throw wrong("messages", "a list of messages", messages);
    }
    if (messages.isEmpty()) {
      throw WireError.invalid(
          "messages",
          "empty_array",
          "'messages' is empty. Send at least one message: {\"role\": \"user\", \"content\": …}.");
    }
    for (int i = 0; i < messages.size(); i++) {
      message(messages.get(i), "messages[" + i + "]");
    }
  }

  private static void message(JsonNode message, String at) {
    if (!message.isObject()) {
      throw wrong(at, "an object with 'role' and 'content'", message);
    }
    var role = message.path("role");
    if (!role.isString()) {
      throw missing(at + ".role", "It is one of " + String.join(", ", ROLES) + ".");
    }
    if (!ROLES.contains(role.stringValue())) {
      throw WireError.invalid(
          at + ".role",
          "invalid_value",
          "'%s' is no role. %s"
              .formatted(
                  shown(role.stringValue()),
                  DidYouMean.remedy(clipped(role.stringValue()), ROLES)));
    }
    content(message, role.stringValue(), at);
    require(message, "tool_calls", at + ".tool_calls", "a list", JsonNode::isArray);
    if (role.stringValue().equals("tool") && !message.path("tool_call_id").isString()) {
      throw missing(at + ".tool_call_id", "It names the call that this message answers.");
    }
  }

  private static void content(JsonNode message, String role, String at) {
    var content = message.get("content");
    if (content == null || content.isNull()) {
      boolean silent =
          role.equals("assistant")
              || (role.equals("function") && content != null); // a function may return nothing
      if (!silent) {
        throw missing(at + ".content", "It is a text, or a list of parts.");
      }
      if (role.equals("assistant")
          && List.of("tool_calls", "function_call", "refusal", "audio").stream()
              .noneMatch(message::hasNonNull)) {
        throw missing(at + ".content", "An assistant's message without tool calls has content.");
      }
      return;
    }
    if (content.isString()) {
      return;
    }
    if (!content.isArray()) {
      throw wrong(at + ".content", "a text, or a list of parts", content);
    }
    for (int i = 0; i < content.size(); i++) {
      var part = content.get(i);
      var where = at + ".content[" + i + "]";
      if (!part.isObject() || !part.path("type").isString()) {
        throw wrong(where, "an object with a 'type'", part);
      }
      if (part.path("type").stringValue().equals("text") && !part.path("text").isString()) {
        throw missing(where + ".text", "A part of type 'text' has one.");
      }
    }
  }

  private static void stop(@Nullable JsonNode stop) {
    if (stop == null || stop.isNull() || stop.isString()) {
      return;
    }
    if (!stop.isArray()) {
      throw wrong("stop", "a text, or a list of up to four", stop);
    }
    if (stop.size() > 4) {
      throw WireError.invalid(
          "stop",
          "array_above_max_length",
          "'stop' has %d texts; at most 4 are allowed.".formatted(stop.size()));
    }
    for (int i = 0; i < stop.size(); i++) {
      if (!stop.get(i).isString()) {
        throw wrong("stop[" + i + "]", "a text", stop.get(i));
      }
    }
  }

  private static void number(ObjectNode body, String name, double least, double most) {
    var value = body.get(name);
    if (value == null || value.isNull()) {
      return;
    }
    if (!value.isNumber()) {
      throw wrong(name, "a number", value);
    }
    double number = value.doubleValue();
    if (!(number >= least && number <= most)) {
      throw outside(name, value, plain(least), plain(most));
    }
  }

  private static void whole(ObjectNode body, String name, long least, long most) {
    var value = body.get(name);
    if (value == null || value.isNull()) {
      return;
    }
    if (!value.isIntegralNumber()) {
      throw wrong(name, "a whole number", value);
    }
    if (!value.canConvertToLong() || value.longValue() < least || value.longValue() > most) {
      throw outside(name, value, Long.toString(least), Long.toString(most));
    }
  }

  private static void require(JsonNode body, String name, String what, Kind kind) {
    require(body, name, name, what, kind);
  }

  private static void require(JsonNode body, String name, String at, String what, Kind kind) {
    var value = body.get(name);
    if (value != null && !value.isNull() && !kind.holds(value)) {
      throw wrong(at, what, value);
    }
  }

  @FunctionalInterface
  private interface Kind {
    boolean holds(JsonNode value);
  }

  private static WireError missing(String param, String remedy) {
    return WireError.invalid(
        param, "missing_required_parameter", "'" + param + "' is missing. " + remedy);
  }

  private static WireError wrong(String param, String what, @Nullable JsonNode found) {
    return WireError.invalid(
        param,
        "invalid_type",
        "'%s' is %s%s."
            .formatted(param, what, found == null ? "" : ", not " + shown(found.toString())));
  }

  private static WireError outside(String param, JsonNode found, String least, String most) {
    return WireError.invalid(
        param,
        "invalid_value",
        "'%s' is %s; it lies between %s and %s."
            .formatted(param, shown(found.toString()), least, most));
  }

  private static String shown(String value) {
    var printable = value.replaceAll("\\p{Cntrl}", " ");
    return printable.length() <= 60 ? printable : printable.substring(0, 60) + "…";
  }

  private static String clipped(String value) {
    return value.length() <= 60 ? value : value.substring(0, 60);
  }

  private static String plain(double value) {
    return Long.toString((long) value);
  }
}
