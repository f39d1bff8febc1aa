package dev.lathe.pipelines.jobs;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.pipelines.jobs.ServedAnswers.Question;
import dev.lathe.registry.promotion.Faithful;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The 16 prompts that the serving engine answers for the gate {@code faithful}: eight openings of
 * conversations from the model's own test set, because there the adapter has most to say, and eight
 * everyday questions, because they are the same for every model.
 *
 * <p>Each is answered with up to 32 tokens: 16 would be 256 positions, but the first words of a
 * tuned model's answers are often all alike. Two of the model's own run on to their end: a stop
 * token that an engine does not honour shows only there.
 */
final class Probes {
  private static final int OWN = 8;
  private static final int SHORT = 2 * Faithful.POSITIONS / Faithful.PROMPTS;
  private static final int TO_THE_END = 2;
  private static final int LONG = 160;

  /** Longer openings cost seconds and prove no more. */
  private static final int LONGEST_OPENING = 1500;

  private Probes() {}

  private record Opening(List<Message> messages, int answerLength) {}

  /**
   * @param test the model's frozen test set; null when there is none
   */
  static List<Question> of(@Nullable FrozenTestSet test) {
    var own =
        test == null
            ? List.<Opening>of()
            : test.conversations().stream()
                .flatMap(Probes::opening)
                .filter(o -> length(o) <= LONGEST_OPENING)
                .limit(OWN)
                .sorted(Comparator.comparingInt(Opening::answerLength))
                .toList();
    var questions = new ArrayList<Question>();
    for (int i = 0; i < own.size(); i++) {
      questions.add(new Question(own.get(i).messages(), i < TO_THE_END ? LONG : SHORT));
    }
    for (var text : GeneralText.questions()) {
      if (questions.size() < Faithful.PROMPTS) {
        int most = own.isEmpty() && questions.size() < TO_THE_END ? LONG : SHORT;
        questions.add(new Question(List.of(Message.of(Role.USER, text)), most));
      }
    }
    return questions;
  }

  /** Everything before the first answer, where that is text; functions are not offered. */
  private static Stream<Opening> opening(Conversation conversation) {
    var messages = conversation.messages();
    for (int i = 0; i < messages.size(); i++) {
      var message = messages.get(i);
      if (message.role() == Role.ASSISTANT) {
        boolean plain =
            i > 0
                && messages.get(i - 1).role() == Role.USER
                && message.toolCalls().isEmpty()
                && conversation.tools().isEmpty();
        return plain
            ? Stream.of(new Opening(messages.subList(0, i), message.content().length()))
            : Stream.empty();
      }
    }
    return Stream.empty();
  }

  private static int length(Opening opening) {
    return opening.messages().stream().mapToInt(m -> m.content().length()).sum();
  }
}
