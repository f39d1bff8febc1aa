package dev.lathe.datasets.conversation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One turn.
 *
 * @param content the text; empty for an assistant turn that only calls tools
 * @param toolCallId for a tool's result, the call that it answers
 * @param name speaker or function name where the log gives one
 * @param weight 0 for an answer not to learn from, else 1 (OpenAI's fine-tuning format)
 */
public record Message(
    Role role,
    String content,
    List<ToolCall> toolCalls,
    @Nullable String toolCallId,
    @Nullable String name,
    double weight) {
  public Message {
    toolCalls = List.copyOf(toolCalls);
    if (!toolCalls.isEmpty() && role != Role.ASSISTANT) {
      throw new IllegalArgumentException("only the assistant calls tools, not " + role.wire());
    }
    if (!(weight >= 0 && weight <= 1)) {
      throw new IllegalArgumentException("a weight lies between 0 and 1: " + weight);
    }
  }

  public static Message of(Role role, String content) {
    return new Message(role, content, List.of(), null, null, 1);
  }

  public Message withContent(String text) {
    return new Message(role, text, toolCalls, toolCallId, name, weight);
  }

  public Message withWeight(double value) {
    return new Message(role, content, toolCalls, toolCallId, name, value);
  }
}
