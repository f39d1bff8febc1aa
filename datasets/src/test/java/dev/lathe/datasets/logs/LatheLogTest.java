package dev.lathe.datasets.logs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LatheLogTest {
  @TempDir Path folder;

  @Test
  void joinsFeedbackThatComesLaterTheLastWordWinning() {
    var file =
        write(
            "r.jsonl",
            """
            {"kind":"answer","id":"a1","at":"2026-01-01T00:00:00Z","subject":"u1","target":"desk@champion","messages":[{"role":"user","content":"Q"}],"answer":{"role":"assistant","content":"A"},"usage":{"total_tokens":3}}
            {"kind":"feedback","answer":"a1","value":0}
            {"kind":"answer","id":"a2","subject":"u2","messages":[{"role":"user","content":"Q2"}],"answer":{"role":"assistant","content":"A2"}}
            {"kind":"feedback","answer":"a1","rating":4,"comment":"better on reading twice"}
            {"kind":"feedback","answer":"nobody","value":1}
            """);
    var entries = LogsTest.all(file, null);
    var read = LogsTest.conversations(entries);
    assertThat(read).extracting(Conversation::id).containsExactly("a1", "a2");
    assertThat(read.get(0).feedback()).isEqualTo(0.75);
    assertThat(read.get(0).user()).isEqualTo("u1");
    assertThat(read.get(0).metadata())
        .containsEntry("target", "desk@champion")
        .containsEntry("comment", "better on reading twice");
    assertThat(read.get(1).feedback()).isNull();
    assertThat(LogsTest.broken(entries))
        .singleElement()
        .satisfies(b -> assertThat(b.reason()).contains("nobody"));
  }

  @Test
  void aChatOfSeveralAnswersIsOneConversationAndEachTurnKeepsItsOwnFeedback() {
    var file =
        write(
            "chat.jsonl",
            """
            {"kind":"answer","id":"a1","subject":"u","messages":[{"role":"user","content":"1"}],"answer":{"role":"assistant","content":"one"}}
            {"kind":"answer","id":"a2","subject":"u","messages":[{"role":"user","content":"1"},{"role":"assistant","content":"one"},{"role":"user","content":"2"}],"answer":{"role":"assistant","content":"two"}}
            {"kind":"answer","id":"a3","subject":"u","messages":[{"role":"user","content":"1"},{"role":"assistant","content":"one"},{"role":"user","content":"2"},{"role":"assistant","content":"two"},{"role":"user","content":"3"},{"role":"assistant","content":"not ours"},{"role":"user","content":"4"}],"answer":"three"}
            {"kind":"feedback","answer":"a1","value":0}
            """);
    var read = LogsTest.conversations(LogsTest.all(file, null));
    assertThat(read).hasSize(1);
    assertThat(read.getFirst().id()).isEqualTo("a3");
    assertThat(read.getFirst().messages())
        .filteredOn(m -> m.role() == Role.ASSISTANT)
        .extracting(Message::weight)
        .containsExactly(0.0, 1.0, 0.0, 1.0);
  }

  @Test
  void findsTheAnswerInAnEarlierFile() {
    var first =
        write(
            "1.jsonl",
            "{\"kind\":\"answer\",\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"Q\"}],\"answer\":\"A\"}");
    var second = write("2.jsonl", "{\"kind\":\"feedback\",\"answer\":\"a\",\"value\":-1}");
    var read = new ArrayList<Conversation>();
    for (var file : Logs.files(List.of(first, second), null)) {
      try (var reader = file.open()) {
        reader.forEachRemaining(
            e -> {
              if (e instanceof LogEntry.Read r) {
                read.add(r.conversation());
              }
            });
      }
    }
    assertThat(read).singleElement().extracting(Conversation::feedback).isEqualTo(0.0);
  }

  private Path write(String name, String text) {
    try {
      return Files.writeString(folder.resolve(name), text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
