package dev.lathe.datasets.logs;

import dev.lathe.datasets.conversation.Conversation.Origin;
import tools.jackson.databind.JsonNode;

/** OpenAI's fine-tuning format, and what many others call {@code messages}. */
final class OpenAiFormat implements Format {
  @Override
  public boolean claims(JsonNode entry) {
    return entry.path("messages").isArray() && !entry.has("kind");
  }

  @Override
  public LogEntry read(JsonNode entry, Origin origin) throws Malformed {
    var messages = ChatMessages.list(entry.get("messages"));
    return new LogEntry.Read(
        Entries.conversation(entry, messages, ChatMessages.tools(entry), origin));
  }
}
