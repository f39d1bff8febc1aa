package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;

/**
 * Drops conversations too short or too long to be real.
 *
 * @param minTurns user and assistant turns
 * @param maxCharacters of all turns together
 */
public record Length(int minTurns, int maxCharacters) implements Rule {
  @Override
  public String name() {
    return "length";
  }

  @Override
  public Outcome apply(Conversation conversation) {
    int turns = 0;
    long characters = 0;
    for (var message : conversation.messages()) {
      characters += message.content().length();
      turns += message.role() == Role.USER || message.role() == Role.ASSISTANT ? 1 : 0;
    }
    if (turns < minTurns) {
      return new Outcome.Dropped(turns + " turns, fewer than " + minTurns);
    }
    return characters > maxCharacters
        ? new Outcome.Dropped(characters + " characters, more than " + maxCharacters)
        : Rule.kept(conversation);
  }
}
