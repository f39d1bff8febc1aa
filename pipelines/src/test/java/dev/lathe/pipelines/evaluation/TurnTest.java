package dev.lathe.pipelines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TurnTest {
  private static Conversation conversation(String id, Message... messages) {
    return new Conversation(
        id, List.of(messages), List.of(), null, null, new Conversation.Origin("log", 1), Map.of());
  }

  private static final Message CALL =
      new Message(Role.ASSISTANT, "", List.of(new ToolCall("1", "find", "{}")), null, null, 1);

  private static Conversation desk(String id) {
    return conversation(
        id,
        Message.of(Role.SYSTEM, "s"),
        Message.of(Role.ASSISTANT, "Welcome!"),
        Message.of(Role.USER, "q"),
        CALL,
        new Message(Role.TOOL, "r", List.of(), "1", null, 1),
        Message.of(Role.ASSISTANT, "There."),
        Message.of(Role.USER, "q"),
        Message.of(Role.ASSISTANT, "Bad.").withWeight(0));
  }

  @Test
  void theLastAnswerThatIsLearnedIsAskedFor() {
    assertThat(Turn.LAST.in(desk("d"))).hasValue(5);
    assertThat(Turn.CALL.in(desk("d"))).hasValue(3);
  }

  @Test
  void anyTurnIsDrawnByTheIdAndIsAlwaysTheSame() {
    var drawn = IntStream.range(0, 40).map(i -> Turn.ANY.in(desk("d" + i)).orElseThrow()).toArray();
    assertThat(drawn).containsOnly(3, 5);
    assertThat(drawn).contains(3).contains(5);
    assertThat(Turn.ANY.in(desk("d7"))).hasValue(drawn[7]);
  }

  @Test
  void whatNobodyAskedForIsNoAnswer() {
    assertThat(Turn.LAST.in(conversation("c", Message.of(Role.ASSISTANT, "Welcome!")))).isEmpty();
    assertThat(
            Turn.CALL.in(
                conversation("c", Message.of(Role.USER, "q"), Message.of(Role.ASSISTANT, "a"))))
        .isEmpty();
  }
}
