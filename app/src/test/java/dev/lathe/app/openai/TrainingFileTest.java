package dev.lathe.app.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lathe.app.openai.JobSpec.Method;
import dev.lathe.serving.wire.WireError;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingFileTest {
  private static final String CHAT =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"ho\"%s}]}";
  private static final String PAIR =
      """
      {"input":{"messages":[{"role":"user","content":"hi"}]},"preferred_output":[{"role":"assistant","content":"ho"}],"non_preferred_output":[{"role":"assistant","content":"no"}]}""";

  @TempDir Path folder;

  private Path file(String... lines) throws Exception {
    return Files.writeString(folder.resolve("lines.jsonl"), String.join("\n", lines) + "\n");
  }

  @Test
  void countsWhatCanBeTrainedOn() throws Exception {
    var weighted = CHAT.formatted(",\"weight\":1");
    assertThat(TrainingFile.require(file(CHAT.formatted(""), weighted), Method.SUPERVISED, "f"))
        .isEqualTo(2);
    assertThat(TrainingFile.require(file(PAIR), Method.DPO, "f")).isEqualTo(1);
  }

  @Test
  void namesTheLinesThatAreWrongAndWhatIsWrongInThem() throws Exception {
    var lines =
        file(
            CHAT.formatted(""),
            "{\"messages\":[{\"role\":\"king\",\"content\":\"hi\"}]}",
            "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
            CHAT.formatted(",\"weight\":0"),
            PAIR);
    assertThatThrownBy(() -> TrainingFile.require(lines, Method.SUPERVISED, "training_file"))
        .isInstanceOfSatisfying(
            JobFailed.class,
            e -> {
              assertThat(e.code()).isEqualTo("invalid_training_file");
              assertThat(e.param()).isEqualTo("training_file");
            })
        .hasMessageContainingAll(
            "4 of 5 lines",
            "line 2: message 1: role 'king'",
            "line 3: the last message is not the assistant's",
            "line 4: every message of the assistant has weight 0",
            "line 5: 'messages' is no list");
  }

  @Test
  void chatsAreNoPairs() throws Exception {
    var lines = file(CHAT.formatted(""));
    assertThatThrownBy(() -> TrainingFile.require(lines, Method.DPO, "validation_file"))
        .isInstanceOf(JobFailed.class)
        .hasMessageContainingAll("1 of 1 lines", "preferred_output");
  }

  @Test
  void anUploadIsJsonLinesOrRefusedByItsFirstLineThatIsNone() throws Exception {
    assertThat(JsonLines.require(file("\uFEFF{}", "", " {\"a\": 1} "))).isEqualTo(2);
    assertThatThrownBy(() -> JsonLines.require(file("{}", "[1]")))
        .isInstanceOf(WireError.class)
        .hasMessageContaining("Line 2 is no JSON object: [1]");
    assertThatThrownBy(() -> JsonLines.require(file("{}", "{\"a\":")))
        .isInstanceOf(WireError.class)
        .hasMessageContaining("Line 2 is no JSON (");
    assertThatThrownBy(() -> JsonLines.require(file("", "")))
        .isInstanceOf(WireError.class)
        .hasMessageContaining("empty");
  }
}
