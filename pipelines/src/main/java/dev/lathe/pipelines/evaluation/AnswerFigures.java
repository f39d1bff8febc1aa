package dev.lathe.pipelines.evaluation;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How right answers are, each share with its 95 % interval; null where nothing could be right or
 * wrong.
 *
 * @param name of the slice; "all" of the whole
 * @param exactMatch answers that are the reference, any run of white space taken for one space
 * @param verbatim answers that are the reference to the letter
 * @param json of references that are JSON
 * @param toolCalls of conversations where functions are called
 */
public record AnswerFigures(
    String name,
    long answers,
    Share exactMatch,
    Share verbatim,
    @Nullable JsonFigures json,
    @Nullable ToolCallFigures toolCalls) {
  static final String ALL = "all";

  /**
   * @param references that are a JSON object or array
   * @param parses answers to them that are one too
   * @param same answers that say the same as the reference
   * @param valid answers that are as the schema wants them; null without a schema
   */
  public record JsonFigures(long references, Share parses, Share same, @Nullable Share valid) {}

  /**
   * @param references that call functions
   * @param name answers to them that call the same functions
   * @param arguments answers that give the same arguments
   * @param both answers that give them to the same functions
   * @param falseCalls of the references that call nothing, answers that do
   */
  public record ToolCallFigures(
      long references,
      @Nullable Share name,
      @Nullable Share arguments,
      @Nullable Share both,
      @Nullable Share falseCalls) {}

  /**
   * @param marks at least one
   */
  static AnswerFigures of(String name, List<AnswerMark> marks) {
    return new AnswerFigures(
        name,
        marks.size(),
        some(marks.stream(), AnswerMark::exact),
        some(marks.stream(), AnswerMark::verbatim),
        json(marks.stream().flatMap(m -> Stream.ofNullable(m.json())).toList()),
        calls(marks.stream().flatMap(m -> Stream.ofNullable(m.calls())).toList()));
  }

  private static @Nullable JsonFigures json(List<AnswerMark.JsonMark> marks) {
    if (marks.isEmpty()) {
      return null;
    }
    boolean held = marks.stream().anyMatch(m -> m.valid() != null);
    return new JsonFigures(
        marks.size(),
        some(marks.stream(), AnswerMark.JsonMark::parses),
        some(marks.stream(), AnswerMark.JsonMark::same),
        held ? some(marks.stream(), m -> Boolean.TRUE.equals(m.valid())) : null);
  }

  /** Where nobody calls anything, there is nothing to tell. */
  private static @Nullable ToolCallFigures calls(List<AnswerMark.CallMark> marks) {
    if (marks.stream().noneMatch(m -> m.wanted() || m.called())) {
      return null;
    }
    var wanted = marks.stream().filter(AnswerMark.CallMark::wanted).toList();
    var others = marks.stream().filter(m -> !m.wanted()).toList();
    return new ToolCallFigures(
        wanted.size(),
        share(wanted.stream(), AnswerMark.CallMark::name),
        share(wanted.stream(), AnswerMark.CallMark::arguments),
        share(wanted.stream(), AnswerMark.CallMark::both),
        share(others.stream(), AnswerMark.CallMark::called));
  }

  private static <T> Share some(Stream<T> marks, Predicate<T> right) {
    var share = share(marks, right);
    if (share == null) {
      throw new IllegalArgumentException("no answers");
    }
    return share;
  }

  private static <T> @Nullable Share share(Stream<T> marks, Predicate<T> right) {
    var told = marks.map(right::test).toList();
    return Share.of(told.stream().filter(Boolean.TRUE::equals).count(), told.size());
  }
}
