package dev.lathe.datasets.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogsTest {
  static final String HELLO =
      """
      {"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}
      """;

  @TempDir Path folder;

  @Test
  void readsOpenAiChatsWithToolsPartsWeightsAndFeedback() {
    var chat =
        only(
            """
            {"id":"x1","user":"u9","metadata":{"rating":"Good","n":3},"feedback":{"value":1.0},
             "tools":[{"type":"function","function":{"name":"menu"}}],"messages":[
              {"role":"developer","content":"Be kind."},
              {"role":"user","content":[{"type":"text","text":"one"},{"type":"input_text","text":"two"}]},
              {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"menu","arguments":"{\\"q\\": 1}"}}]},
              {"role":"tool","tool_call_id":"c1","content":"{}"},
              {"role":"assistant","content":"Bad.","weight":0},
              {"role":"assistant","content":"Good."}]}
            """);
    assertThat(chat.id()).isEqualTo("x1");
    assertThat(chat.user()).isEqualTo("u9");
    assertThat(chat.feedback()).isEqualTo(1);
    assertThat(chat.metadata()).containsEntry("rating", "Good").containsEntry("n", "3");
    assertThat(chat.tools()).singleElement().asString().contains("menu");
    assertThat(chat.messages())
        .extracting(Message::role)
        .containsExactly(
            Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT, Role.ASSISTANT);
    assertThat(chat.messages().get(1).content()).isEqualTo("one\ntwo");
    assertThat(chat.messages().get(2).toolCalls().getFirst().arguments()).isEqualTo("{\"q\": 1}");
    assertThat(chat.messages().get(3).toolCallId()).isEqualTo("c1");
    assertThat(chat.messages().get(4).weight()).isZero();
    assertThat(chat.messages().get(5).weight()).isEqualTo(1);
  }

  @Test
  void readsTheOlderFunctionCalls() {
    var chat =
        only(
            """
            {"functions":[{"name":"f"}],"messages":[{"role":"user","content":"go"},
            {"role":"assistant","content":null,"function_call":{"name":"f","arguments":{"a":1}}},
            {"role":"function","name":"f","content":"done"}]}
            """);
    assertThat(chat.messages().get(1).toolCalls().getFirst().arguments()).isEqualTo("{\"a\":1}");
    assertThat(chat.messages().get(2).role()).isEqualTo(Role.TOOL);
    assertThat(chat.tools())
        .containsExactly("{\"type\":\"function\",\"function\":{\"name\":\"f\"}}");
  }

  @Test
  void readsShareGptAsAnArrayFileWithTheLineOfEachElement() {
    var file =
        file(
            "s.json",
            """
            [
              {"id": "a", "conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
              {"conversations": [{"from": "human", "value": "Q2"},
                {"from": "function_call", "value": "{\\"name\\": \\"f\\", \\"arguments\\": {\\"x\\": 1}}"},
                {"from": "observation", "value": "R"}, {"from": "gpt", "value": "A2"}]},
              {"conversations": [{"from": "martian", "value": "Q"}]},
              7
            ]
            """);
    var entries = all(file, null);
    assertThat(conversations(entries)).hasSize(2);
    assertThat(conversations(entries).get(1).origin())
        .isEqualTo(new Conversation.Origin("s.json", 3));
    assertThat(conversations(entries).get(1).messages())
        .extracting(Message::role)
        .containsExactly(Role.USER, Role.ASSISTANT, Role.TOOL, Role.ASSISTANT);
    assertThat(broken(entries)).extracting(LogEntry.Broken::line).containsExactly(6L, 7L);
  }

  @Test
  void reportsAnArrayThatEndsEarlyAndKeepsWhatCameBefore() {
    var file =
        file(
            "cut.json",
            "[{\"instruction\": \"Say\", \"input\": \"it\", \"output\": \"It.\"},\n {\"instruction\": \"Sa");
    var entries = all(file, null);
    assertThat(conversations(entries).getFirst().messages().getFirst().content())
        .isEqualTo("Say\n\nit");
    assertThat(broken(entries).getFirst().line()).isEqualTo(2);
  }

  @Test
  void readsPromptsAndCompletionsOfTextsAndOfMessages() {
    assertThat(only("{\"prompt\":\"Q\",\"completion\":\"A\"}").messages())
        .extracting(Message::content)
        .containsExactly("Q", "A");
    assertThat(
            only("{\"prompt\":[{\"role\":\"user\",\"content\":\"Q\"}],\"completion\":[{\"role\":\"assistant\",\"content\":\"A\"}]}")
                .messages())
        .hasSize(2);
  }

  @Test
  void readsAlpacaWithItsHistory() {
    assertThat(
            only("{\"instruction\":\"c\",\"output\":\"d\",\"history\":[[\"a\",\"b\"]],\"system\":\"s\"}")
                .messages())
        .extracting(Message::content)
        .containsExactly("s", "a", "b", "c", "d");
  }

  @Test
  void countsBrokenLinesWithTheirReasonsAndGoesOn() throws IOException {
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(HELLO.getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes("{\"messages\": [\n\n".getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes(
        "{\"messages\":[{\"role\":\"user\",\"content\":\"".getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes(new byte[] {(byte) 0xff, (byte) 0xfe});
    bytes.writeBytes("\"}]}\r\n[]\n{\"messages\":[]}\n".getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes(
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}\n"
            .getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes(HELLO.getBytes(StandardCharsets.UTF_8));
    var file = Files.write(folder.resolve("b.jsonl"), bytes.toByteArray());
    var entries = all(file, null);
    assertThat(conversations(entries)).hasSize(2);
    assertThat(broken(entries))
        .extracting(LogEntry.Broken::line)
        .containsExactly(2L, 4L, 5L, 6L, 7L);
    assertThat(broken(entries))
        .extracting(LogEntry.Broken::reason)
        .satisfiesExactly(
            r -> assertThat(r).startsWith("no valid JSON"),
            r -> assertThat(r).isEqualTo("the line is not valid UTF-8"),
            r -> assertThat(r).contains("no JSON object"),
            r -> assertThat(r).contains("no messages"),
            r -> assertThat(r).contains("image_url"));
  }

  @Test
  void passesOverALineThatIsTooLong() {
    var file =
        file("long.jsonl", HELLO + "\"" + "x".repeat(LineItems.LONGEST + 10) + "\"\n" + HELLO);
    var entries = all(file, null);
    assertThat(conversations(entries)).hasSize(2);
    assertThat(broken(entries))
        .singleElement()
        .satisfies(b -> assertThat(b.reason()).contains("16 MiB"));
  }

  @Test
  void opensGzipAndZstdByTheirBytes() throws IOException {
    byte[] plain = (HELLO + HELLO.replace("Hi", "Hey")).getBytes(StandardCharsets.UTF_8);
    var gzip = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(gzip)) {
      out.write(plain);
    }
    var zipped = Files.write(folder.resolve("a.log"), gzip.toByteArray());
    var packed = Files.write(folder.resolve("b.log"), Zstd.compress(plain));
    assertThat(conversations(all(zipped, null))).hasSize(2);
    assertThat(conversations(all(packed, null))).hasSize(2);

    var many = new ByteArrayOutputStream();
    var random = new Random(1);
    try (var out = new GZIPOutputStream(many)) {
      for (int i = 0; i < 9_000; i++) {
        out.write(HELLO.replace("Hi", random.nextLong() + "").getBytes(StandardCharsets.UTF_8));
      }
    }
    var cut =
        Files.write(folder.resolve("c.gz"), Arrays.copyOf(many.toByteArray(), many.size() / 2));
    assertThat(conversations(all(cut, null))).hasSizeGreaterThan(1_000);
    assertThat(broken(all(cut, null)).getFirst().reason()).contains("cannot be read further");
  }

  @Test
  void sameContentHasTheSameIdAndOtherContentAnother() {
    assertThat(only(HELLO).id()).isEqualTo(only("\n" + HELLO).id());
    assertThat(only(HELLO).id()).isNotEqualTo(only(HELLO.replace("Hi", "Ho")).id());
  }

  @Test
  void refusesWhatIsNoLogAndSaysWhatItLooksLike() throws IOException {
    assertThatThrownBy(() -> all(file("t.csv", "question,answer,date\na,b,c\n"), null))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("CSV")
        .hasMessageContaining("sharegpt");
    assertThatThrownBy(() -> all(file("k.jsonl", "{\"prompt\":\"q\",\"chosen\":\"a\"}"), null))
        .hasMessageContaining("keys prompt, chosen");
    assertThatThrownBy(() -> all(file("h.html", "<html>"), null)).hasMessageContaining("HTML");
    assertThatThrownBy(() -> all(file("e", ""), null)).hasMessageContaining("empty file");
    assertThatThrownBy(() -> all(file("o.jsonl", HELLO), LogFormat.ALPACA))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("alpaca")
        .hasMessageContaining("keys messages");
    assertThatThrownBy(() -> all(folder, null)).hasMessageContaining("is a directory");
    assertThatThrownBy(() -> LogFormat.of("sharegtp")).hasMessageContaining("sharegpt");
  }

  @Test
  void namesTheNearFilesOfAllThatAreMissing() {
    file("support.jsonl", HELLO);
    assertThatThrownBy(
            () ->
                Logs.files(List.of(folder.resolve("suport.jsonl"), folder.resolve("none/x")), null))
        .isInstanceOf(BadInput.class)
        .hasMessageContaining("did you mean")
        .hasMessageContaining("support.jsonl")
        .hasMessageContaining("no directory");
  }

  private Conversation only(String text) {
    var line = text.lines().filter(l -> !l.isBlank()).reduce("", String::concat);
    return conversations(all(file("only.jsonl", line), null)).getFirst();
  }

  Path file(String name, String text) {
    try {
      return Files.writeString(folder.resolve(name), text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static List<LogEntry> all(Path file, @Nullable LogFormat format) {
    var entries = new ArrayList<LogEntry>();
    try (var reader = Logs.open(file, format)) {
      reader.forEachRemaining(entries::add);
    }
    return entries;
  }

  static List<Conversation> conversations(List<LogEntry> entries) {
    return entries.stream()
        .filter(LogEntry.Read.class::isInstance)
        .map(e -> ((LogEntry.Read) e).conversation())
        .toList();
  }

  static List<LogEntry.Broken> broken(List<LogEntry> entries) {
    return entries.stream()
        .filter(LogEntry.Broken.class::isInstance)
        .map(LogEntry.Broken.class::cast)
        .toList();
  }
}
