package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;

/** Drops conversations without an assistant turn to learn from. */
public final class NoAssistant implements Rule {
  @Override
  public String name() {
    return "no-assistant";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    boolean any = false;
    for (var message : conversation.messages()) {
      if (message.role() == Role.ASSISTANT) {
        any = true;
        if (message.weight() > 0) {
          return Rule.kept(conversation);
        }
      }
    }
    return new Outcome.Dropped(
        any ? "every assistant turn has weight 0" : "no assistant turn after a user's");
  }
}
