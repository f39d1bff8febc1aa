package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;

/** Drops what its user voted down: nobody should learn to answer so. */
public final class DownVoted implements Rule {
  @Override
  public String name() {
    return "down-voted";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    var feedback = conversation.feedback();
    return feedback != null && feedback <= 0
        ? new Outcome.Dropped("its last answer was voted down")
        : Rule.kept(conversation);
  }
}
