package dev.lathe.pipelines.evaluation;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/** Which of a conversation's learned answers a model is asked for. */
public enum Turn {
  /** The last. */
  LAST,

  /** The last that calls a function; conversations without one are passed over. */
  CALL,

  /** One that is drawn by the conversation's id: always the same. */
  ANY;

  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * @throws BadInput for an unknown one
   */
  public static Turn of(String name) {
    var known = Arrays.stream(values()).map(Turn::wire).toList();
    return Arrays.stream(values())
        .filter(t -> t.wire().equals(name))
        .findFirst()
        .orElseThrow(
            () -> new BadInput("no such choice of a turn", name, DidYouMean.remedy(name, known)));
  }

  /** The message's place; empty where none can be asked for. */
  OptionalInt in(Conversation conversation) {
    var places = learned(conversation.messages());
    if (this == CALL) {
      places.removeIf(i -> conversation.messages().get(i).toolCalls().isEmpty());
    }
    if (places.isEmpty()) {
      return OptionalInt.empty();
    }
    return OptionalInt.of(
        switch (this) {
          case LAST, CALL -> places.getLast();
          case ANY -> places.get(Math.floorMod(conversation.id().hashCode(), places.size()));
        });
  }

  /** Answers to learn from that answer something. */
  private static List<Integer> learned(List<Message> messages) {
    var places = new ArrayList<Integer>();
    boolean asked = false;
    for (int i = 0; i < messages.size(); i++) {
      var message = messages.get(i);
      boolean learned = message.role() == Role.ASSISTANT && message.weight() > 0;
      boolean empty = message.content().isBlank() && message.toolCalls().isEmpty();
      if (asked && learned && !empty) {
        places.add(i);
      }
      asked |= message.role() != Role.SYSTEM;
    }
    return places;
  }
}
