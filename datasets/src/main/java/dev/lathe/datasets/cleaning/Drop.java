package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;

/**
 * A conversation that is not in the dataset, and why.
 *
 * @param rule the name of the rule that dropped it
 * @param why a sentence
 */
public record Drop(String conversationId, Conversation.Origin origin, String rule, String why) {
  public static Drop of(Conversation conversation, String rule, String why) {
    return new Drop(conversation.id(), conversation.origin(), rule, why);
  }
}
