package dev.lathe.pipelines.evaluation;

import dev.lathe.datasets.conversation.Message;
import dev.lathe.datasets.conversation.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What is right about an answer.
 *
 * @param verbatim it is the reference, white space at the ends aside
 * @param exact it is the reference, any run of white space taken for one space
 * @param json null where the reference is no JSON object or array
 * @param calls null where how the model's text calls functions is not known
 */
record AnswerMark(
    boolean verbatim, boolean exact, @Nullable JsonMark json, @Nullable CallMark calls) {

  /**
   * @param parses whether the answer is a JSON object or array and nothing else
   * @param same whether it says what the reference says
   * @param valid whether it is as the schema wants it; null without one
   */
  record JsonMark(boolean parses, boolean same, @Nullable Boolean valid) {}

  /**
   * @param wanted whether the reference calls functions
   * @param called whether the answer does, readably or not
   * @param name whether it calls the same functions
   * @param arguments whether it gives the same arguments
   * @param both whether it gives them to the same functions
   */
  record CallMark(boolean wanted, boolean called, boolean name, boolean arguments, boolean both) {}

  /**
   * @param reference the message that was said
   * @param text that message as the template writes it and the tokenizer reads it
   * @param answer what the model wrote in its place
   */
  static AnswerMark of(
      Message reference,
      String text,
      String answer,
      Optional<ToolCallForm> form,
      @Nullable AnswerSchema schema) {
    return new AnswerMark(
        text.strip().equals(answer.strip()),
        normalised(text).equals(normalised(answer)),
        JsonText.container(reference.content()).map(r -> json(r, answer, schema)).orElse(null),
        form.map(f -> calls(reference.toolCalls(), f.read(answer))).orElse(null));
  }

  private static String normalised(String text) {
    return text.strip().replaceAll("\\s+", " ");
  }

  private static JsonMark json(JsonNode reference, String answer, @Nullable AnswerSchema schema) {
    var said = JsonText.container(answer);
    return new JsonMark(
        said.isPresent(),
        said.filter(s -> JsonText.same(s, reference)).isPresent(),
        schema == null ? null : said.filter(schema::holds).isPresent());
  }

  private static CallMark calls(List<ToolCall> wanted, ToolCallForm.Written said) {
    boolean readable = said.unreadable() == 0;
    BiPredicate<ToolCall, ToolCall> name = (a, b) -> a.name().equals(b.name());
    BiPredicate<ToolCall, ToolCall> arguments =
        (a, b) -> JsonText.same(a.arguments(), b.arguments());
    return new CallMark(
        !wanted.isEmpty(),
        said.any(),
        readable && paired(wanted, said.calls(), name),
        readable && paired(wanted, said.calls(), arguments),
        readable && paired(wanted, said.calls(), name.and(arguments)));
  }

  /** Whether each has its equal, in whatever order: calls made together have none. */
  private static boolean paired(
      List<ToolCall> wanted, List<ToolCall> said, BiPredicate<ToolCall, ToolCall> equal) {
    var left = new ArrayList<>(said);
    for (var call : wanted) {
      var match = left.stream().filter(s -> equal.test(call, s)).findFirst();
      if (match.isEmpty()) {
        return false;
      }
      left.remove(match.get());
    }
    return left.isEmpty();
  }
}
