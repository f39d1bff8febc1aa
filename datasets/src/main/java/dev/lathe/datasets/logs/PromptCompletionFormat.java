package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation.Origin;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** {@code prompt} and {@code completion}, each a text or (as TRL has it) a list of messages. */
final class PromptCompletionFormat implements Format {
  @Override
  public boolean claims(JsonNode entry) {
    return entry.has("prompt") && entry.has("completion");
  }

  @Override
  public LogEntry read(JsonNode entry, Origin origin) throws Malformed {
    var messages = new ArrayList<Message>();
    messages.addAll(part(entry, "prompt", Role.USER));
    messages.addAll(part(entry, "completion", Role.ASSISTANT));
    return new LogEntry.Read(
        Entries.conversation(entry, messages, ChatMessages.tools(entry), origin));
  }

  private static List<Message> part(JsonNode entry, String field, Role role) throws Malformed {
    return entry.path(field).isArray()
        ? ChatMessages.list(entry.get(field))
        : List.of(Message.of(role, Entries.text(entry, field)));
  }
}
