package dev.lathe.datasets.conversation;

/**
 * A function the assistant asks for.
 *
 * @param id pairs the call with its result; may be empty in logs that carry none
 * @param arguments the JSON text as the model wrote it
 */
public record ToolCall(String id, String name, String arguments) {
  public ToolCall {
    if (name.isBlank()) {
      throw new IllegalArgumentException("a tool call names its function");
    }
  }
}
