package dev.lathe.serving.routing.tasks;

import dev.lathe.serving.wire.ChatRequest;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * What classifiers look at: the last that the user said, the standing instruction, and the shape of
 * the rest. At most {@link #LIMIT} characters in all. Who pastes a book says before or after it
 * what is to be done, so a longer text is read at both ends.
 *
 * @param asked the last message of the user
 * @param system the system's or developer's message; empty when there is none
 * @param before what the user had said before that
 * @param length characters of the last message, also of those not read
 * @param turns answers that the assistant has given so far
 * @param tools how many are offered; 0 when the request forbids their use
 * @param toolResults whether it is a tool's result that waits for an answer
 * @param works whether a tool changes files or runs commands
 * @param structured whether the answer must be JSON
 */
record RequestText(
    String asked,
    String system,
    String before,
    int length,
    int turns,
    int tools,
    boolean toolResults,
    boolean works,
    boolean structured) {
  static final int LIMIT = 16 * 1024;
  private static final int SYSTEM = 2 * 1024;
  private static final int BEFORE = 1024;
  private static final int ASKED = LIMIT - SYSTEM - BEFORE;

  static RequestText of(ChatRequest request) {
    var fields = request.fields();
    var messages = fields.path("messages");
    String asked = "";
    String before = "";
    String system = "";
    int length = 0;
    int turns = 0;
    int said = 0;
    for (int i = messages.size() - 1; i >= 0; i--) {
      var message = messages.get(i);
      switch (message.path("role").asString("")) {
        case "user" -> {
          var text = said < 2 ? text(message.path("content")) : "";
          if (said == 0) {
            length = text.length();
            asked = clipped(text, ASKED);
          } else if (said == 1) {
            before = clipped(text, BEFORE);
          }
          said++;
        }
        case "assistant" -> turns++;
        case "system", "developer" -> system = clipped(text(message.path("content")), SYSTEM);
        default -> {}
      }
    }
    var last = messages.path(messages.size() - 1).path("role").asString("");
    boolean forbidden = fields.path("tool_choice").asString("").equals("none");
    int tools = forbidden ? 0 : fields.path("tools").size() + fields.path("functions").size();
    var format = fields.path("response_format").path("type").asString("text");
    return new RequestText(
        asked,
        system,
        before,
        length,
        turns,
        tools,
        last.equals("tool") || last.equals("function"),
        tools > 0 && works(fields.path("tools")),
        format.startsWith("json"));
  }

  private static final Pattern WORKING =
      Pattern.compile("(?i)(write|edit|run|exec|patch|apply|shell|bash|commit|deploy).*");

  /** Whether a tool changes files or runs commands, as those of programming agents do. */
  private static boolean works(JsonNode tools) {
    for (var tool : tools) {
      if (WORKING.matcher(tool.path("function").path("name").asString("")).matches()) {
        return true;
      }
    }
    return false;
  }

  private static String text(JsonNode content) {
    if (content.isString()) {
      return content.stringValue();
    }
    var text = new StringBuilder();
    for (var part : content) {
      if (part.path("text").isString()) {
        text.append(text.isEmpty() ? "" : "\n").append(part.path("text").stringValue());
      }
    }
    return text.toString();
  }

  private static String clipped(String text, int most) {
    return text.length() <= most
        ? text
        : text.substring(0, most / 2) + "\n" + text.substring(text.length() - most / 2 + 1);
  }
}
