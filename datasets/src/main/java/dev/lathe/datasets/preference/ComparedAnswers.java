package dev.lathe.datasets.preference;

import dev.lathe.datasets.conversation.Conversation;
import java.util.Optional;

/** Two answers to one context, of which one was preferred. */
public record ComparedAnswers(JudgedAnswer chosen, JudgedAnswer rejected) {
  /** Empty where the conversations do not begin alike, or end alike too. */
  public static Optional<ComparedAnswers> of(Conversation chosen, Conversation rejected) {
    return JudgedAnswer.alternatives(chosen, rejected)
        .map(both -> new ComparedAnswers(both.getFirst(), both.getLast()));
  }
}
