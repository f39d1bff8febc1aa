package dev.lathe.pipelines.evaluation;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.ChatTemplate;
import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.Role;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * How calls of functions stand in the text that a chat template teaches a model to write. A
 * template's own is found by rendering a call with it and reading it back.
 */
public enum ToolCallForm {
  /**
   * {@code <tool_call>{"name": …, "arguments": …}</tool_call>}, any number of them, amid other
   * text: Hermes, Qwen, and what this program writes for templates that know no calls.
   */
  HERMES,

  /** {@code [TOOL_CALLS] [{"name": …, "arguments": …}, …]} and nothing else: Mistral. */
  LIST,

  /** One object {@code {"name": …, "parameters": …}} and nothing else: Llama 3.1 and later. */
  OBJECT;

  private static final Pattern TAGGED =
      Pattern.compile("<tool_call>(.*?)</tool_call>", Pattern.DOTALL);
  private static final String TAG = "<tool_call>";
  private static final Pattern LIST_MARK = Pattern.compile("^\\s*\\[TOOL_CALLS\\]");
  private static final Pattern OBJECT_MARK = Pattern.compile("^\\s*<\\|python_tag\\|>");

  /** What may follow the call in the probe: an end-of-turn token. */
  private static final Pattern ENDING = Pattern.compile("(\\s|<[^<>\\s]{1,40}>)*$");

  /**
   * What a text calls.
   *
   * @param unreadable calls that were begun and are not as they should be
   */
  public record Written(List<ToolCall> calls, int unreadable) {
    static final Written NONE = new Written(List.of(), 0);

    public Written {
      calls = List.copyOf(calls);
    }

    /** Whether anything is called, readable or not. */
    public boolean any() {
      return unreadable > 0 || !calls.isEmpty();
    }
  }

  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The form that a template writes; empty for one that is none of these. */
  public static Optional<ToolCallForm> of(ChatTemplate template) {
    if (!template.rendersTools()) {
      return Optional.of(HERMES);
    }
    var call = new ToolCall("call00001", "probe_function", "{\"probe_argument\": 1}");
    var probe =
        new Conversation(
            "probe",
            List.of(
                Message.of(Role.USER, "q"),
                new Message(Role.ASSISTANT, "", List.of(call), null, null, 1),
                new Message(Role.TOOL, "r", List.of(), "call00001", "probe_function", 1),
                Message.of(Role.ASSISTANT, "a").withWeight(0)),
            List.of(),
            null,
            null,
            new Conversation.Origin("probe", 1),
            Map.of());
    try {
      var rendered = template.renderForTraining(probe);
      if (rendered.labelled().isEmpty()) {
        return Optional.empty();
      }
      var span = rendered.labelled().getFirst();
      var text = rendered.text().substring(span.start(), span.end());
      return Arrays.stream(values())
          .filter(
              form ->
                  form.reads(text, call) || form.reads(ENDING.matcher(text).replaceFirst(""), call))
          .findFirst();
    } catch (BadInput e) {
      return Optional.empty(); // it takes no calls after all, or does not tell what is an answer
    }
  }

  private boolean reads(String text, ToolCall call) {
    var written = read(text);
    return written.unreadable() == 0
        && written.calls().size() == 1
        && written.calls().getFirst().name().equals(call.name())
        && JsonText.same(written.calls().getFirst().arguments(), call.arguments());
  }

  /** The calls in a model's answer. */
  public Written read(String answer) {
    return switch (this) {
      case HERMES -> tagged(answer);
      case LIST -> {
        var listed = LIST_MARK.matcher(answer).replaceFirst("");
        boolean marked = !listed.equals(answer);
        var calls =
            JsonText.container(listed)
                .filter(JsonNode::isArray)
                .map(array -> array.valueStream().map(ToolCallForm::call).toList());
        yield calls.isPresent() && calls.get().stream().allMatch(Optional::isPresent)
            ? new Written(calls.get().stream().flatMap(Optional::stream).toList(), 0)
            : new Written(List.of(), marked ? 1 : 0);
      }
      case OBJECT -> {
        var object = OBJECT_MARK.matcher(answer).replaceFirst("");
        boolean marked = !object.equals(answer);
        yield JsonText.container(object)
            .flatMap(ToolCallForm::call)
            .map(call -> new Written(List.of(call), 0))
            .orElseGet(() -> new Written(List.of(), marked ? 1 : 0));
      }
    };
  }

  private static Written tagged(String answer) {
    int begun = answer.split(Pattern.quote(TAG), -1).length - 1;
    if (begun == 0) {
      return Written.NONE;
    }
    var calls = new ArrayList<ToolCall>();
    var matcher = TAGGED.matcher(answer);
    while (matcher.find()) {
      JsonText.container(matcher.group(1)).flatMap(ToolCallForm::call).ifPresent(calls::add);
    }
    return new Written(calls, begun - calls.size());
  }

  /** A call whose arguments are an object, or that object as text as OpenAI has it. */
  private static Optional<ToolCall> call(JsonNode node) {
    var name = node.path("name").asString("");
    var arguments = node.has("arguments") ? node.get("arguments") : node.get("parameters");
    if (name.isBlank() || arguments == null) {
      return Optional.empty();
    }
    var text = arguments.isString() ? arguments.asString() : arguments.toString();
    return Optional.of(new ToolCall("", name, text));
  }
}
