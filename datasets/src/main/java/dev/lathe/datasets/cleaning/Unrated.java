package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;

/** Drops what nobody judged, or judged neither good nor bad: there is no preference in it. */
public final class Unrated implements Rule {
  @Override
  public String name() {
    return "unrated";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    var feedback = conversation.feedback();
    if (feedback == null) {
      return new Outcome.Dropped("nobody rated its last answer");
    }
    return feedback == 0.5
        ? new Outcome.Dropped("its last answer was rated neither up nor down")
        : Rule.kept(conversation);
  }
}
