package dev.lathe.datasets.preference;

import dev.lathe.datasets.cleaning.Fingerprint;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A conversation that ends with an answer somebody judged. Only the answer is learned from or away
 * from: its assistant turns have weight 1, those of the context 0.
 *
 * @param answerAt the answer's first message; those before it are the context, at least one
 */
public record JudgedAnswer(Conversation conversation, int answerAt) {
  public JudgedAnswer {
    if (answerAt < 1 || answerAt >= conversation.messages().size()) {
      throw new IllegalArgumentException("neither context nor answer is empty: " + answerAt);
    }
  }

  /** The last turn as the answer; empty where it is not the assistant's, or answers nothing. */
  public static Optional<JudgedAnswer> last(Conversation conversation) {
    int at = conversation.messages().size() - 1;
    boolean answers = at > 0 && conversation.messages().get(at).role() == Role.ASSISTANT;
    return answers ? Optional.of(from(conversation, at)) : Optional.empty();
  }

  /** Reads back what was marked. */
  public static JudgedAnswer marked(Conversation conversation) {
    int at = 0;
    while (!learned(conversation.messages().get(at))) {
      at++;
    }
    return new JudgedAnswer(conversation, at);
  }

  private static boolean learned(Message m) {
    return m.role() == Role.ASSISTANT && m.weight() > 0;
  }

  /**
   * Two answers to what both conversations begin with; empty where they do not begin alike, or are
   * the same.
   */
  static Optional<List<JudgedAnswer>> alternatives(Conversation a, Conversation b) {
    int most = Math.min(a.messages().size(), b.messages().size()) - 1;
    int same = 0;
    while (same < most && alike(a.messages().get(same), b.messages().get(same))) {
      same++;
    }
    while (same > 0 && !(assistant(a, same) && assistant(b, same))) {
      same--;
    }
    if (same == 0) {
      return Optional.empty();
    }
    var first = from(a, same);
    var second = from(b, same);
    return first.answerKey().equals(second.answerKey())
        ? Optional.empty()
        : Optional.of(List.of(first, second));
  }

  private static boolean assistant(Conversation c, int message) {
    return c.messages().get(message).role() == Role.ASSISTANT;
  }

  private static boolean alike(Message a, Message b) {
    return a.withWeight(1).equals(b.withWeight(1));
  }

  private static JudgedAnswer from(Conversation conversation, int at) {
    var messages = new ArrayList<Message>(conversation.messages().size());
    for (var message : conversation.messages()) {
      messages.add(
          message.role() == Role.ASSISTANT
              ? message.withWeight(messages.size() < at ? 0 : 1)
              : message);
    }
    return new JudgedAnswer(conversation.withMessages(messages), at);
  }

  /** 128 bits of everything before the answer: equal for answers to the same. */
  public String contextKey() {
    return key(conversation.messages().subList(0, answerAt));
  }

  /** 128 bits of the answer itself. */
  public String answerKey() {
    return key(conversation.messages().subList(answerAt, conversation.messages().size()));
  }

  private String key(List<Message> messages) {
    var print = Fingerprint.of(conversation.withMessages(messages), false);
    return "%016x%016x".formatted(print.exactHigh(), print.exactLow());
  }
}
