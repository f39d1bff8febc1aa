package dev.lathe.datasets.conversation;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One conversation of a log.
 *
 * @param id stable: the log's own id, or a hash of the content where it has none
 * @param messages at least one
 * @param tools the functions offered to the assistant, each the JSON text of its declaration
 * @param user who spoke, where the log tells; splitting may keep a user on one side
 * @param feedback what the user said of the last answer: 1 up, 0 down (ratings scaled), or null
 * @param origin where it was read: file and line
 * @param metadata what else the log says, as text
 */
public record Conversation(
    String id,
    List<Message> messages,
    List<String> tools,
    @Nullable String user,
    @Nullable Double feedback,
    Origin origin,
    Map<String, String> metadata) {
  public Conversation {
    messages = List.copyOf(messages);
    tools = List.copyOf(tools);
    metadata = Map.copyOf(metadata);
    if (id.isBlank()) {
      throw new IllegalArgumentException("a conversation has an id");
    }
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("a conversation has messages");
    }
  }

  /** The file (its name as given) and the line, from 1, where the conversation began. */
  public record Origin(String file, long line) {}

  public Conversation withMessages(List<Message> changed) {
    return new Conversation(id, changed, tools, user, feedback, origin, metadata);
  }
}
