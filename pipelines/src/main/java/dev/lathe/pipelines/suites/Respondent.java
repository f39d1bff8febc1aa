package dev.lathe.pipelines.suites;

import dev.lathe.datasets.conversation.Message;
import java.util.List;
import java.util.function.IntConsumer;

/** Something that answers: a target, or a judge. */
public interface Respondent {
  /**
   * A conversation to be answered greedily.
   *
   * @param maxTokens at which the answer is cut off
   */
  record Question(List<Message> messages, int maxTokens) {
    public Question {
      messages = List.copyOf(messages);
    }
  }

  /** What answers, as results name it: {@code support@3}, a base, {@code provider:model}. */
  String name();

  /** How, in a word: {@code engine}, {@code trainer} or {@code provider}. */
  String by();

  /**
   * The answers in the questions' order.
   *
   * @param done told how many are answered
   */
  List<SuiteAnswer> answer(List<Question> questions, IntConsumer done);
}
