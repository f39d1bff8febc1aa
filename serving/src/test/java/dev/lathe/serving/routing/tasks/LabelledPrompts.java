package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.wire.ChatRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The labelled prompts of src/test/resources/tasks. */
final class LabelledPrompts {
  static final Path FOLDER = Path.of("src/test/resources/tasks");

  record Prompt(ChatRequest request, TaskClass task, Band band, String language, String said) {}

  /** How many of how many were right. */
  record Score(int tasks, int bands, int of, List<String> wrong) {}

  private LabelledPrompts() {}

  static List<Prompt> read(String file) {
    try {
      return Files.readAllLines(FOLDER.resolve(file)).stream()
          .sorted(Comparator.comparing(LabelledPrompts::hash))
          .map(LabelledPrompts::prompt)
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** The half that the rules were tuned on. */
  static List<Prompt> tuned() {
    return read("prompts.jsonl").subList(0, 200);
  }

  /** The half that nobody looked at while tuning. */
  static List<Prompt> heldOut() {
    return read("prompts.jsonl").subList(200, 400);
  }

  static Score score(TaskClassifier classifier, List<Prompt> prompts) {
    int tasks = 0;
    int bands = 0;
    var wrong = new java.util.ArrayList<String>();
    for (var prompt : prompts) {
      var found = classifier.assess(prompt.request());
      tasks += found.task() == prompt.task() ? 1 : 0;
      bands += found.band() == prompt.band() ? 1 : 0;
      if (found.task() != prompt.task() || found.band() != prompt.band()) {
        wrong.add(prompt.task() + " " + prompt.band() + " -> " + found + ": " + prompt.said());
      }
    }
    return new Score(tasks, bands, prompts.size(), wrong);
  }

  static ChatRequest asking(String text) {
    var body = JsonMapper.shared().createObjectNode().put("model", "m");
    body.putArray("messages").addObject().put("role", "user").put("content", text);
    return request(body);
  }

  private static ChatRequest request(ObjectNode body) {
    return ChatRequest.read(body.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static Prompt prompt(String line) {
    var body = (ObjectNode) JsonMapper.shared().readTree(line);
    var task = TaskClass.ofWireName(body.remove("task").stringValue()).orElseThrow();
    var band = Band.ofWireName(body.remove("complexity").stringValue()).orElseThrow();
    var language = body.remove("language").stringValue();
    var said = body.path("messages").toString();
    return new Prompt(
        request(body.put("model", "m")),
        task,
        band,
        language,
        said.substring(0, Math.min(160, said.length())));
  }

  private static String hash(String line) {
    try {
      var sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(line.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
