package dev.lathe.pipelines.evaluation;

import dev.lathe.datasets.conversation.Conversation;
import java.util.List;
import java.util.Map;

/**
 * What of a conversation is still to be known when its messages are not: a split may hold a
 * million.
 *
 * @param line of the log, from 1
 * @param values the slices it belongs to, in the order in which they are asked for; that by length
 *     is not known yet
 */
record Traits(String source, long line, List<String> values) {
  static final Traits NONE = new Traits(SliceBy.UNKNOWN, 0, List.of());

  /**
   * @param words the same text for the same value, however many conversations have it
   */
  static Traits of(Conversation conversation, List<SliceBy> by, Map<String, String> words) {
    var values =
        by.stream()
            .map(b -> b == SliceBy.Known.LENGTH ? "" : b.of(conversation, 0))
            .map(value -> words.computeIfAbsent(value, v -> v))
            .toList();
    var file = conversation.origin().file();
    return new Traits(
        words.computeIfAbsent(file, f -> f), conversation.origin().line(), List.copyOf(values));
  }

  /** The slice by the n-th of what was asked for. */
  String slice(List<SliceBy> by, int n, long tokens) {
    if (by.get(n) == SliceBy.Known.LENGTH) {
      return tokens == 0 ? SliceBy.UNKNOWN : SliceBy.Lengths.of(tokens);
    }
    return values.isEmpty() ? SliceBy.UNKNOWN : values.get(n);
  }
}
