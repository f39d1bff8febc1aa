package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import java.util.Map;

/** What the rules made of one conversation. */
public sealed interface Cleaned {
  /**
   * @param changes per rule and kind, such as {@code redact.email: 2}
   */
  record Kept(Conversation conversation, Map<String, Integer> changes) implements Cleaned {}

  record Dropped(Drop drop) implements Cleaned {}
}
