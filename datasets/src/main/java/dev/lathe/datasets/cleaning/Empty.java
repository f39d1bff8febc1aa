package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;

/** Drops conversations in which nobody asks anything, once their roles are repaired. */
public final class Empty implements Rule {
  @Override
  public String name() {
    return "empty";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    return conversation.messages().stream().noneMatch(m -> m.role() == Role.USER)
        ? new Outcome.Dropped("no user turn with text in it")
        : Rule.kept(conversation);
  }
}
