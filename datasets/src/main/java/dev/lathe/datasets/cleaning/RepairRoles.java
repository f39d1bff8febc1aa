package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes the order of turns one that chat templates know: turns without content go; assistant and
 * tool turns before the first user's go (a greeting that answers nobody); turns after the last
 * assistant's go (nothing in them is learned from); neighbours of one role become one turn.
 *
 * <p>Merged answers take the lower weight: a good half does not make a bad half worth learning. An
 * answer that calls tools stays apart from an answer after it, whose words came later.
 */
public final class RepairRoles implements Rule {
  @Override
  public String name() {
    return "role-repair";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    var changes = new TreeMap<String, Integer>();
    var messages = new ArrayList<Message>(conversation.messages().size());
    boolean asked = false;
    for (var message : conversation.messages()) {
      if (message.content().isBlank()
          && message.toolCalls().isEmpty()
          && message.role() != Role.TOOL) {
        count(changes, "empty-turn");
        continue;
      }
      asked |= message.role() == Role.USER;
      if (!asked && (message.role() == Role.ASSISTANT || message.role() == Role.TOOL)) {
        count(changes, "leading-turn");
        continue;
      }
      if (!messages.isEmpty() && merges(messages.getLast(), message)) {
        messages.add(merged(messages.removeLast(), message));
        count(changes, "merged-turn");
        continue;
      }
      messages.add(message);
    }
    while (!messages.isEmpty() && trailing(messages)) {
      messages.removeLast();
      count(changes, "trailing-turn");
    }
    if (changes.isEmpty()) {
      return Rule.kept(conversation);
    }
    if (messages.isEmpty()) {
      return new Outcome.Dropped("no turn is left of " + conversation.messages().size());
    }
    return new Outcome.Kept(conversation.withMessages(messages), Map.copyOf(changes));
  }

  /** Without any assistant turn there is nothing to trail behind; another rule speaks of that. */
  private static boolean trailing(List<Message> messages) {
    return messages.getLast().role() != Role.ASSISTANT
        && messages.stream().anyMatch(m -> m.role() == Role.ASSISTANT);
  }

  private static boolean merges(Message a, Message b) {
    return a.role() == b.role() && a.role() != Role.TOOL && a.toolCalls().isEmpty();
  }

  private static Message merged(Message a, Message b) {
    return new Message(
        a.role(),
        b.content().isEmpty() ? a.content() : a.content() + "\n" + b.content(),
        b.toolCalls(),
        null,
        a.name(),
        Math.min(a.weight(), b.weight()));
  }

  private static void count(Map<String, Integer> changes, String kind) {
    changes.merge(kind, 1, Integer::sum);
  }
}
