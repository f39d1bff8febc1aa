package dev.lathe.serving.messages;

import dev.lathe.serving.providers.remote.translation.Json;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request in Anthropic's words, and the chat completion that it is. Where Anthropic answers, it
 * gets the very words of the client; elsewhere what only they know is dropped and named, or refused
 * where it would change the meaning.
 *
 * @param subject whom it is for, as {@code metadata.user_id} says
 */
public record MessagesRequest(ChatRequest chat, @Nullable String subject) {
  /** What changes nothing of the answer's meaning. */
  private static final List<String> HINTS =
      List.of(
          "metadata",
          "service_tier",
          "speed",
          "cache_control",
          "context_management",
          "diagnostics",
          "thinking",
          "user_profile_id",
          "workspace_id",
          "betas");

  private static final Map<String, String> AS_THEY_ARE =
      Map.of("temperature", "temperature", "top_p", "top_p", "top_k", "top_k", "stream", "stream");
  private static final int MOST_STOPS = 4;

  /**
   * Reads and checks a body.
   *
   * @param beta what the client's header {@code anthropic-beta} says
   * @throws WireError naming the field that is wrong, or that only Anthropic understands
   */
  public static MessagesRequest read(byte[] body, @Nullable String beta) {
    return read(body, beta, true);
  }

  /** A request whose tokens are only counted: it needs no {@code max_tokens}. */
  public static MessagesRequest toCount(byte[] body, @Nullable String beta) {
    return read(body, beta, false);
  }

  private static MessagesRequest read(byte[] body, @Nullable String beta, boolean answered) {
    var asked = Json.object(body);
    if (asked == null) {
      throw WireError.invalid(
          null, "invalid_json", "The body cannot be read as a JSON object. Mend the body.");
    }
    if (answered && !asked.path("max_tokens").isIntegralNumber()) {
      throw WireError.invalid(
          "max_tokens",
          "missing_required_parameter",
          "'max_tokens' is missing. It is a whole number, the longest answer wanted.");
    }
    var ignored = new TreeSet<String>();
    var chat = new Reading(asked, ignored).chat();
    var user = asked.path("metadata").path("user_id");
    return new MessagesRequest(
        ChatRequest.read(Json.bytes(chat))
            .from(new ChatRequest.Original(asked, beta, List.copyOf(ignored))),
        user.isString() ? user.stringValue() : null);
  }

  /** One request on its way into OpenAI's words. */
  private static final class Reading {
    private final ObjectNode asked;
    private final Set<String> left = new HashSet<>();
    private final Set<String> ignored;
    private final ObjectNode chat = Json.object();

    Reading(ObjectNode asked, Set<String> ignored) {
      this.asked = asked;
      this.ignored = ignored;
      asked.properties().stream()
          .filter(f -> !f.getValue().isNull())
          .forEach(f -> left.add(f.getKey()));
    }

    private @Nullable JsonNode take(String name) {
      return left.remove(name) ? asked.get(name) : null;
    }

    ObjectNode chat() {
      copy("model", "model");
      var messages = new Blocks(ignored);
      messages.system(take("system"));
      messages.turns(take("messages"));
      chat.set("messages", messages.written());
      copy("max_tokens", "max_completion_tokens");
      AS_THEY_ARE.forEach(this::copy);
      if (chat.path("stream").asBoolean(false)) {
        chat.putObject("stream_options").put("include_usage", true);
      }
      stops(take("stop_sequences"));
      tools(take("tools"));
      choice(take("tool_choice"));
      output(take("output_config"));
      for (var hint : HINTS) {
        if (take(hint) != null) {
          ignored.add(hint);
        }
      }
      if (asked.path("thinking").path("type").asString("").equals("disabled")) {
        ignored.remove("thinking"); // others do not think unless they are asked to
      }
      left.stream()
          .sorted()
          .findFirst()
          .ifPresent(
              name -> {
                throw WireError.invalid(
                    name,
                    "unsupported_parameter",
                    "'%s' is not understood here. Leave it out.".formatted(name));
              });
      return chat;
    }

    private void copy(String name, String as) {
      var value = take(name);
      if (value != null) {
        chat.set(as, value);
      }
    }

    private void stops(@Nullable JsonNode stops) {
      if (stops == null || stops.isEmpty()) {
        return;
      }
      if (!stops.isArray() || stops.size() > MOST_STOPS) {
        throw WireError.invalid(
            "stop_sequences",
            "invalid_value",
            "'stop_sequences' is a list of at most %d texts.".formatted(MOST_STOPS));
      }
      chat.set("stop", stops);
    }

    private void tools(@Nullable JsonNode tools) {
      if (tools == null || tools.isEmpty()) {
        return;
      }
      var list = chat.putArray("tools");
      for (var tool : tools) {
        var at = "tools[" + list.size() + "]";
        if (!tool.path("type").asString("custom").equals("custom")) {
          throw WireError.invalid(
              at + ".type",
              "unsupported_value",
              "'%s' is a tool of Anthropic's servers. Offer functions of your own."
                  .formatted(tool.path("type").asString("")));
        }
        if (!tool.path("name").isString() || !tool.path("input_schema").isObject()) {
          throw WireError.invalid(
              at,
              "missing_required_parameter",
              "'" + at + "' wants a 'name', and an 'input_schema' of type object.");
        }
        if (tool.hasNonNull("cache_control")) {
          ignored.add("cache_control");
        }
        var function =
            list.addObject()
                .put("type", "function")
                .putObject("function")
                .put("name", tool.path("name").stringValue());
        if (tool.path("description").isString()) {
          function.set("description", tool.get("description"));
        }
        function.set("parameters", tool.get("input_schema"));
        if (tool.path("strict").asBoolean(false)) {
          function.put("strict", true);
        }
      }
    }

    private void choice(@Nullable JsonNode choice) {
      if (choice == null || !chat.has("tools")) {
        return;
      }
      switch (choice.path("type").asString("")) {
        case "auto" -> chat.put("tool_choice", "auto");
        case "any" -> chat.put("tool_choice", "required");
        case "none" -> chat.put("tool_choice", "none");
        case "tool" ->
            chat.putObject("tool_choice")
                .put("type", "function")
                .putObject("function")
                .put("name", choice.path("name").asString(""));
        default ->
            throw WireError.invalid(
                "tool_choice", "invalid_value", "'tool_choice.type' is auto, any, tool or none.");
      }
      if (choice.path("disable_parallel_tool_use").asBoolean(false)) {
        chat.put("parallel_tool_calls", false);
      }
    }

    private void output(@Nullable JsonNode output) {
      if (output == null) {
        return;
      }
      var effort = output.path("effort");
      if (effort.isString()) {
        var said = effort.stringValue();
        chat.put("reasoning_effort", said.equals("max") ? "xhigh" : said);
      }
      var format = output.path("format");
      if (format.isObject()) {
        chat.putObject("response_format")
            .put("type", "json_schema")
            .putObject("json_schema")
            .put("name", "answer")
            .put("strict", true)
            .set("schema", format.path("schema"));
      }
    }
  }
}
