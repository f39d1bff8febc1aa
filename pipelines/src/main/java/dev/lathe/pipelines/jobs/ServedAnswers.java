package dev.lathe.pipelines.jobs;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.registry.models.ModelVersion;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Greedy answers of the engine that serves, over exactly the files that it serves from. */
@FunctionalInterface
public interface ServedAnswers {
  /**
   * @param messages the conversation to be answered
   * @param maxTokens at which the answer is cut off
   */
  record Question(List<Message> messages, int maxTokens) {
    public Question {
      messages = List.copyOf(messages);
    }
  }

  /**
   * @param text as the engine gave it, nothing stripped
   * @param ids its tokens, where the engine tells them; the stop token may stand last
   * @param stopped whether the model ended it, not the limit
   */
  record Answer(String text, @Nullable List<Integer> ids, boolean stopped) {}

  /**
   * The answers in the questions' order.
   *
   * @throws BadInput when the version's files cannot be served
   */
  List<Answer> answer(ModelVersion version, List<Question> questions);
}
