package dev.lathe.datasets.chat;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;

/**
 * A conversation before one of its answers, and the answer, which is held back.
 *
 * @param prompt what a model is given
 * @param reference the answer as the model was to write it, end-of-turn token included
 * @param answer the message itself
 */
public record HeldBack(String prompt, String reference, Message answer) {
  /**
   * @param turn the answer's place, not the first
   * @param encoderDecoder whether the answer stands by itself, as {@link SourcesAndAnswers} has it
   * @throws BadInput where the template refuses what comes before the answer, or does not tell
   *     which part is the answer
   */
  public static HeldBack of(
      ChatTemplate template, Conversation conversation, int turn, boolean encoderDecoder) {
    var messages = conversation.messages();
    var answer = messages.get(turn);
    var prompt = template.render(messages.subList(0, turn), conversation.tools(), true);
    if (encoderDecoder) {
      return new HeldBack(prompt, ChatTemplate.written(answer), answer);
    }
    var upToIt = conversation.withMessages(messages.subList(0, turn + 1));
    var rendered = template.renderForTraining(upToIt);
    if (rendered.labelled().isEmpty()) {
      throw new BadInput(
          "the template writes nothing of the answer", conversation.id(), "Take another template.");
    }
    var span = rendered.labelled().getLast();
    return new HeldBack(prompt, rendered.text().substring(span.start(), span.end()), answer);
  }
}
