package dev.lathe.pipelines.evaluation;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.chat.HeldBack;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.tokens.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The first conversations of a split that can be asked, and why others cannot. */
final class Questions {
  private final Options options;
  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final boolean encoderDecoder;
  private final int positions;
  private final List<Question> asked = new ArrayList<>();
  private final TreeMap<String, Long> passedOver = new TreeMap<>();

  /**
   * @param positions that the model has for prompt and answer together
   */
  Questions(
      Options options,
      ChatTemplate template,
      Tokenizer tokenizer,
      boolean encoderDecoder,
      int positions) {
    this.options = options;
    this.template = template;
    this.tokenizer = tokenizer;
    this.encoderDecoder = encoderDecoder;
    this.positions = positions;
  }

  /**
   * A conversation that is asked.
   *
   * @param words the last thing said before the answer
   */
  record Question(String id, Traits traits, String words, HeldBack held) {}

  /**
   * @param wanted whether its answers are to be learned: of a preference dataset those that were
   *     liked
   */
  void offer(Conversation conversation, Traits traits, boolean wanted) {
    if (asked.size() >= options.answers()) {
      return;
    }
    var turn = options.turn().in(conversation);
    if (!wanted) {
      passOver("disliked");
    } else if (turn.isEmpty()) {
      passOver(options.turn() == Turn.CALL ? "withoutCall" : "withoutAnswer");
    } else {
      ask(conversation, traits, turn.getAsInt());
    }
  }

  private void ask(Conversation conversation, Traits traits, int turn) {
    HeldBack held;
    try {
      held = HeldBack.of(template, conversation, turn, encoderDecoder);
    } catch (BadInput refused) {
      passOver("refusedByTemplate");
      return;
    }
    if (tokenizer.encode(held.prompt()).length() + options.maxTokens() > positions) {
      passOver("tooLong");
      return;
    }
    var words = conversation.messages().get(turn - 1).content();
    asked.add(new Question(conversation.id(), traits, words, held));
  }

  private void passOver(String why) {
    passedOver.merge(why, 1L, Long::sum);
  }

  List<Question> asked() {
    return asked;
  }

  SortedMap<String, Long> passedOver() {
    return passedOver;
  }
}
