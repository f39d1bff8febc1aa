package dev.lathe.serving.routing.tasks;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.wire.ChatRequest;
import dev.lathe.serving.wire.WireError;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request and what it is: a line of a file {@code {"messages": […], "tools"?: […], "task":
 * "code", "complexity": "low|middle|high"}}.
 */
public record LabelledRequest(ChatRequest request, TaskClass task, Band band) {
  private static final int TOLD = 5;

  /**
   * Reads a file of them; empty lines are passed over.
   *
   * @throws BadInput when it cannot be read, telling of the first broken lines
   */
  public static List<LabelledRequest> read(Path file) {
    var all = new ArrayList<LabelledRequest>();
    var problems = new ArrayList<String>();
    int number = 0;
    for (var line : lines(file)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        all.add(of(line));
      } catch (JacksonException e) {
        problems.add("line " + number + ": no JSON object");
      } catch (WireError | IllegalArgumentException e) {
        problems.add("line " + number + ": " + e.getMessage());
      }
    }
    if (!problems.isEmpty()) {
      int more = problems.size() - TOLD;
      throw BadInput.all(
          file + " has lines that are no labelled requests",
          more > 0
              ? Stream.concat(problems.stream().limit(TOLD), Stream.of("and " + more + " more"))
                  .toList()
              : problems,
          "A line is {\"messages\": […], \"task\": \"code\", \"complexity\": \"low\"}.");
    }
    return all;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (MalformedInputException e) {
      throw new BadInput("the labelled requests are no UTF-8", file.toString(), "Convert them.", e);
    } catch (IOException e) {
      throw new BadInput(
          "the labelled requests cannot be read",
          file.toString(),
          "Name a file with a JSON object a line.",
          e);
    }
  }

  private static LabelledRequest of(String line) {
    if (!(JsonMapper.shared().readTree(line) instanceof ObjectNode body)) {
      throw new IllegalArgumentException("no JSON object");
    }
    var task = text(body, "task");
    var band = text(body, "complexity");
    body.remove(List.of("task", "complexity"));
    if (!body.has("model")) {
      body.put("model", "any");
    }
    return new LabelledRequest(
        ChatRequest.read(body.toString().getBytes(StandardCharsets.UTF_8)),
        TaskClass.ofWireName(task).orElseThrow(() -> unknown("task", task, TaskClass.values())),
        Band.ofWireName(band).orElseThrow(() -> unknown("complexity", band, Band.values())));
  }

  private static String text(ObjectNode body, String name) {
    var value = body.path(name);
    if (!value.isString()) {
      throw new IllegalArgumentException("'" + name + "' is missing");
    }
    return value.stringValue();
  }

  private static IllegalArgumentException unknown(String key, String value, Enum<?>[] known) {
    return new IllegalArgumentException(
        Arrays.stream(known)
            .map(k -> k.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(", ", key + " '" + value + "' is none of ", "")));
  }
}
