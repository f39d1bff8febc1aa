package dev.lathe.pipelines.evaluation;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A model's own answers beside those of the split.
 *
 * @param turn which answer of a conversation was asked for
 * @param maxTokens at which an answer is cut off
 * @param cut answers that were
 * @param passedOver conversations that were not asked, by the reason
 * @param callForm how the model's text calls functions; null where that is not known
 * @param figures of all of them
 * @param slices the same by slice
 * @param items the answers, in the split's order
 */
public record AnswersTold(
    String turn,
    int maxTokens,
    long cut,
    SortedMap<String, Long> passedOver,
    @Nullable String callForm,
    AnswerFigures figures,
    Map<String, List<AnswerFigures>> slices,
    List<Item> items) {
  /**
   * One answer.
   *
   * @param id the conversation's
   * @param question the last words before it
   * @param cut whether it was cut off
   * @param exact whether it is the reference but for white space
   */
  public record Item(
      String id, String question, String reference, String answer, boolean cut, boolean exact) {}
}
