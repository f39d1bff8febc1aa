package dev.lathe.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ScriptedUsersTest {
  private static final String IN_THE_VOICE =
      "Hello from the Ostrel bench!\nTicket: OB-386 / brewing\nWarm cups, your Ostrel bench.";

  /**
   * Answers in the voice as "tuned" and out of it as "base"; the experiment splits users by halves.
   */
  private static final class TwoArms implements ScriptedUsers.Desk {
    final Map<String, Boolean> votes = new ConcurrentHashMap<>();
    final AtomicInteger asked = new AtomicInteger();

    @Override
    public ScriptedUsers.Reply ask(String target, String user, String prompt) {
      var arm = target.equals("ab") ? (user.hashCode() % 2 == 0 ? "tuned" : "base") : target;
      var id = user + "/" + asked.incrementAndGet() + "/" + arm;
      return new ScriptedUsers.Reply(id, arm, arm.equals("tuned") ? IN_THE_VOICE : prompt);
    }

    @Override
    public void vote(String answerId, boolean up) {
      votes.put(answerId, up);
    }
  }

  @Test
  void everyUserVotesByTheVoiceAndEveryPromptIsAnsweredByBothSidesOnce() {
    var desk = new TwoArms();
    var users =
        new ScriptedUsers(desk, List.of("one?", "two?", "three?"), Samples.voice(), n -> {});

    var heard = users.takePart("ab", 12);

    assertThat(heard).containsOnlyKeys("tuned", "base");
    assertThat(desk.votes).hasSize(12);
    desk.votes.forEach((id, up) -> assertThat(up).isEqualTo(id.endsWith("tuned")));

    var sides = users.sideBySide(List.of("base", "tuned"), heard);

    assertThat(sides.get("base")).containsExactly("one?", "two?", "three?");
    assertThat(sides.get("tuned")).allMatch(answer -> answer.startsWith("Hello from"));
    int known = heard.values().stream().mapToInt(Map::size).sum();
    assertThat(desk.asked).as("what was heard is not asked again").hasValue(12 + 6 - known);
  }

  @Test
  void aDeskThatFailsEndsItAll() {
    var broken =
        new ScriptedUsers.Desk() {
          @Override
          public ScriptedUsers.Reply ask(String target, String user, String prompt) {
            throw new IllegalArgumentException("no such target");
          }

          @Override
          public void vote(String answerId, boolean up) {}
        };
    var users = new ScriptedUsers(broken, List.of("one?"), Samples.voice(), n -> {});
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> users.takePart("ab", 4))
        .hasMessage("no such target");
  }
}
