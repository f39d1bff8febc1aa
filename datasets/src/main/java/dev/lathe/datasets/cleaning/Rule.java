package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import java.util.Map;

/** One rule. Pure: the same conversation gives the same outcome, on any thread. */
public interface Rule {
  /** Stable: manifests and {@code drops.jsonl} speak of the rule by it. */
  String name();

  Outcome apply(Conversation conversation);

  /** What became of a conversation. */
  sealed interface Outcome {
    /**
     * @param changes what was changed, and how often: {@code email: 2}; empty for nothing
     */
    record Kept(Conversation conversation, Map<String, Integer> changes) implements Outcome {}

    /** A sentence for the person who misses the conversation. */
    record Dropped(String why) implements Outcome {}
  }

  static Outcome kept(Conversation conversation) {
    return new Outcome.Kept(conversation, Map.of());
  }
}
