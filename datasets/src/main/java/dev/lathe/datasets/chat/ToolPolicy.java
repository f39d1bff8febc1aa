package dev.lathe.datasets.chat;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.jinja.PythonJson;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a template is given calls of functions and their results. A small conversation with a call is
 * rendered to find out. A template that shows call and result is given them as Hugging Face has
 * them. For any other, a call becomes text of the answer (after what it says, if anything), several
 * one after another,
 *
 * <pre>{@code
 * <tool_call>
 * {"name": "…", "arguments": …}
 * </tool_call>
 * }</pre>
 *
 * and the results that follow each other become one turn of the user's, each within {@code
 * <tool_response>}. So no call and no result is lost, and every one given as text is counted.
 *
 * @param rendersTools whether the template shows calls and results itself
 * @param declares whether it shows the functions that are declared
 * @param silentContent the content of an answer that only calls: empty, or null for None
 * @param argumentsAsText whether the template wants a call's arguments as text, not as an object
 */
record ToolPolicy(
    boolean rendersTools,
    boolean declares,
    @Nullable String silentContent,
    boolean argumentsAsText) {
  private static final String FUNCTION = "probe_function";
  private static final String ARGUMENT = "probe_argument";
  private static final String RESULT = "probe_result";

  /** Renders turns with the functions declared. */
  interface Renderer extends BiFunction<List<Turn>, List<String>, String> {}

  static ToolPolicy probe(Renderer renderer) {
    boolean declares =
        shows(
            renderer,
            List.of(Turn.of("user", "q")),
            List.of(
                """
                {"type": "function", "function": {"name": "probe_function",
                 "description": "", "parameters": {"type": "object", "properties": {}}}}"""),
            FUNCTION);
    var call = new ToolCall("call00001", FUNCTION, "{\"" + ARGUMENT + "\": 1}");
    var messages =
        List.of(
            Message.of(Role.USER, "q"),
            new Message(Role.ASSISTANT, "", List.of(call), null, null, 1),
            new Message(Role.TOOL, RESULT, List.of(), "call00001", FUNCTION, 1),
            Message.of(Role.ASSISTANT, "a"));
    for (boolean asText : new boolean[] {false, true}) {
      for (var content : new @Nullable String[] {"", null}) {
        var policy = new ToolPolicy(true, declares, content, asText);
        if (shows(renderer, policy.turns(messages), List.of(), FUNCTION, ARGUMENT, RESULT)) {
          return policy;
        }
      }
    }
    return new ToolPolicy(false, declares, "", false);
  }

  private static boolean shows(
      Renderer renderer, List<Turn> turns, List<String> tools, String... wanted) {
    try {
      var text = renderer.apply(turns, tools);
      return List.of(wanted).stream().allMatch(text::contains);
    } catch (BadInput e) {
      return false;
    }
  }

  List<Turn> turns(List<Message> messages) {
    var out = new ArrayList<Turn>();
    for (int i = 0; i < messages.size(); i++) {
      var m = messages.get(i);
      if (rendersTools || m.role() != Role.TOOL) {
        out.add(turn(m));
        continue;
      }
      var results = new ArrayList<String>();
      for (; i < messages.size() && messages.get(i).role() == Role.TOOL; i++) {
        results.add("<tool_response>\n" + messages.get(i).content() + "\n</tool_response>");
      }
      i--;
      out.add(Turn.of(Role.USER.wire(), String.join("\n", results)));
    }
    return out;
  }

  private Turn turn(Message m) {
    var message = new LinkedHashMap<String, @Nullable Object>();
    message.put("role", m.role().wire());
    boolean silent = m.content().isEmpty() && !m.toolCalls().isEmpty();
    if (rendersTools) {
      message.put("content", silent ? silentContent : m.content());
      if (!m.toolCalls().isEmpty()) {
        message.put("tool_calls", m.toolCalls().stream().map(this::call).toList());
      }
    } else {
      message.put("content", written(m));
    }
    if (m.toolCallId() != null) {
      message.put("tool_call_id", m.toolCallId());
    }
    if (m.name() != null) {
      message.put("name", m.name());
    }
    boolean assistant = m.role() == Role.ASSISTANT;
    return new Turn(message, assistant, assistant && m.weight() > 0);
  }

  /** A message's text, calls of functions written out. */
  static String written(Message m) {
    var calls = m.toolCalls().stream().map(ToolPolicy::text).collect(Collectors.joining("\n"));
    return m.content() + (m.content().isEmpty() || calls.isEmpty() ? "" : "\n") + calls;
  }

  private Object call(ToolCall call) {
    var function = new LinkedHashMap<String, @Nullable Object>();
    function.put("name", call.name());
    function.put("arguments", argumentsAsText ? call.arguments() : Plain.orText(call.arguments()));
    var out = new LinkedHashMap<String, @Nullable Object>();
    if (!call.id().isEmpty()) {
      out.put("id", call.id());
    }
    out.put("type", "function");
    out.put("function", function);
    return out;
  }

  private static String text(ToolCall call) {
    var body = new LinkedHashMap<String, @Nullable Object>();
    body.put("name", call.name());
    body.put("arguments", Plain.orText(call.arguments()));
    return "<tool_call>\n" + PythonJson.dumps(body) + "\n</tool_call>";
  }

  RenderCounts counts(List<Message> messages, List<String> tools) {
    long calls = messages.stream().mapToLong(m -> m.toolCalls().size()).sum();
    long results = messages.stream().filter(m -> m.role() == Role.TOOL).count();
    var answers = messages.stream().filter(m -> m.role() == Role.ASSISTANT).toList();
    return new RenderCounts(
        1,
        answers.size(),
        answers.stream().filter(m -> m.weight() == 0).count(),
        calls,
        results,
        rendersTools ? 0 : calls,
        rendersTools ? 0 : results,
        declares ? 0 : tools.size());
  }
}
