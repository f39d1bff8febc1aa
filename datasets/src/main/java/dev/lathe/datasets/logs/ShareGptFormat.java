package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation.Origin;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** {@code conversations} of {@code from} and {@code value}: an array file or a line each. */
final class ShareGptFormat implements Format {
  @Override
  public boolean claims(JsonNode entry) {
    var turns = entry.path("conversations");
    return turns.isArray() && (turns.isEmpty() || turns.path(0).has("from"));
  }

  @Override
  public LogEntry read(JsonNode entry, Origin origin) throws Malformed {
    var turns = entry.get("conversations");
    if (turns == null || !turns.isArray()) {
      throw new Malformed("'conversations' is no list");
    }
    var messages = new ArrayList<Message>(turns.size() + 1);
    var system = Entries.optionalText(entry, "system");
    if (system != null) {
      messages.add(Message.of(Role.SYSTEM, system));
    }
    for (var turn : turns) {
      messages.add(message(turn));
    }
    return new LogEntry.Read(
        Entries.conversation(entry, messages, ChatMessages.tools(entry), origin));
  }

  private static Message message(JsonNode turn) throws Malformed {
    var from = Entries.text(turn, "from");
    var value = Entries.text(turn, "value");
    return switch (from) {
      case "human", "user" -> Message.of(Role.USER, value);
      case "gpt", "assistant", "chatgpt", "bot", "model" ->
          Message.of(Role.ASSISTANT, value).withWeight(weight(turn));
      case "system" -> Message.of(Role.SYSTEM, value);
      case "tool", "observation", "function_response" -> Message.of(Role.TOOL, value);
      case "function_call" ->
          new Message(Role.ASSISTANT, "", List.of(call(value)), null, null, weight(turn));
      default -> throw new Malformed("a turn is from '" + from + "'");
    };
  }

  private static double weight(JsonNode turn) throws Malformed {
    double weight = turn.path("weight").asDouble(1);
    if (!(weight >= 0 && weight <= 1)) {
      throw new Malformed("a weight lies between 0 and 1: " + weight);
    }
    return weight;
  }

  private static ToolCall call(String value) throws Malformed {
    try {
      var call = Json.MAPPER.readTree(value);
      var arguments = call.path("arguments");
      return new ToolCall(
          "",
          Entries.text(call, "name"),
          arguments.isString() ? arguments.stringValue() : arguments.toString());
    } catch (JacksonException e) {
      throw new Malformed("a function_call is no JSON: " + Json.reason(e));
    }
  }
}
