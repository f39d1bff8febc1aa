package dev.lathe.datasets.cleaning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CleaningTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'a  b\u00a0 c '|a b c",
        "'  Hi'|Hi",
        "'a\\r\\nb\\n\\n\\n\\nc'|'a\\nb\\n\\nc'",
        "'e\u0301'|\u00e9",
        "'x\u200by\ufeff\u0007'|xy",
        "'list:\\n  - one   two'|'list:\\n  - one two'",
        "'use `a   b`  now'|'use `a   b` now'",
        "'```\\nif  x:\\n\\n\\n    y  =  1\\n```\\nthen  so'|'```\\nif  x:\\n\\n\\n    y  =  1\\n```\\nthen so'",
        "'\uD83D\uDC68\u200D\uD83D\uDC69'|'\uD83D\uDC68\u200D\uD83D\uDC69'",
      })
  void normalisesTextButNotCode(String text, String expected) {
    assertThat(Normalise.normalised(text.replace("\\n", "\n").replace("\\r", "\r")))
        .isEqualTo(expected.replace("\\n", "\n"));
  }

  @Test
  void repairsTheOrderOfTurns() {
    var chat =
        chat(
            Message.of(Role.SYSTEM, "S"),
            Message.of(Role.ASSISTANT, "Welcome!"),
            Message.of(Role.USER, "one"),
            Message.of(Role.USER, "two"),
            Message.of(Role.ASSISTANT, "good"),
            Message.of(Role.ASSISTANT, "bad").withWeight(0),
            Message.of(Role.USER, "  "),
            Message.of(Role.USER, "bye"));
    var kept = (Rule.Outcome.Kept) new RepairRoles().apply(chat);
    assertThat(kept.conversation().messages())
        .containsExactly(
            Message.of(Role.SYSTEM, "S"),
            Message.of(Role.USER, "one\ntwo"),
            Message.of(Role.ASSISTANT, "good\nbad").withWeight(0));
    assertThat(kept.changes())
        .isEqualTo(
            Map.of("leading-turn", 1, "merged-turn", 2, "empty-turn", 1, "trailing-turn", 1));
  }

  @Test
  void keepsToolTurnsApart() {
    var call =
        new Message(Role.ASSISTANT, "", List.of(new ToolCall("1", "f", "{}")), null, null, 1);
    var chat =
        chat(
            Message.of(Role.USER, "q"),
            call,
            Message.of(Role.TOOL, "r1"),
            Message.of(Role.TOOL, "r2"),
            Message.of(Role.ASSISTANT, "a"));
    assertThat(new RepairRoles().apply(chat)).isEqualTo(Rule.kept(chat));
  }

  @Test
  void eachRuleDropsUnderItsNameAndSaysWhy() {
    var cleaner =
        new Cleaner(
            List.of(
                new DownVoted(),
                new Normalise(),
                new RepairRoles(),
                new Empty(),
                new NoAssistant(),
                new Secret(),
                new Length(2, 100)));
    assertThat(rule(cleaner, voted(0.0, "q", "a"))).isEqualTo("down-voted");
    assertThat(rule(cleaner, voted(0.25, "q", "a"))).isEqualTo("kept");
    assertThat(rule(cleaner, voted(null, " ", "a"))).isEqualTo("role-repair");
    assertThat(rule(cleaner, chat(Message.of(Role.SYSTEM, "s"), Message.of(Role.ASSISTANT, "a"))))
        .isEqualTo("empty");
    assertThat(rule(cleaner, chat(Message.of(Role.USER, "q")))).isEqualTo("no-assistant");
    assertThat(
            rule(
                cleaner,
                chat(Message.of(Role.USER, "q"), Message.of(Role.ASSISTANT, "a").withWeight(0))))
        .isEqualTo("no-assistant");
    assertThat(rule(cleaner, voted(null, "q", "-----BEGIN RSA PRIVATE KEY-----\nMII")))
        .isEqualTo("secret");
    assertThat(rule(cleaner, voted(null, "q", "a".repeat(100)))).isEqualTo("length");
    var dropped = (Cleaned.Dropped) cleaner.clean(voted(null, "q", "a".repeat(100)));
    assertThat(dropped.drop())
        .isEqualTo(
            new Drop(
                "id", new Conversation.Origin("f", 1), "length", "101 characters, more than 100"));
  }

  private static String rule(Cleaner cleaner, Conversation conversation) {
    return switch (cleaner.clean(conversation)) {
      case Cleaned.Kept kept -> "kept";
      case Cleaned.Dropped dropped -> dropped.drop().rule();
    };
  }

  static Conversation voted(@Nullable Double feedback, String question, String answer) {
    return new Conversation(
        "id",
        List.of(Message.of(Role.USER, question), Message.of(Role.ASSISTANT, answer)),
        List.of(),
        null,
        feedback,
        new Conversation.Origin("f", 1),
        Map.of());
  }

  static Conversation chat(Message... messages) {
    return new Conversation(
        "id", List.of(messages), List.of(), null, null, new Conversation.Origin("f", 1), Map.of());
  }
}
