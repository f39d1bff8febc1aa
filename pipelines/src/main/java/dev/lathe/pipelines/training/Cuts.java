package dev.lathe.pipelines.training;

import dev.lathe.pipelines.supervision.JournalRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What is done because memory asks for it: blocks computed again, and how finely micro-batches are
 * cut, step by step. The conversations of an optimizer step and their order stay what the recipe
 * makes them, so the step's gradient differs by rounding only. Rounding counts: a cut is written
 * into the journal before it is followed, and whoever resumes follows the same ones from the same
 * steps on.
 *
 * @param cuts in the order in which they were made
 */
record Cuts(List<Cut> cuts) {
  static final Cuts NONE = new Cuts(List.of());

  /** The journal's record of a cut. */
  static final String RECORD = "cut";

  /**
   * @param fromStep steps done when it was made: those after it follow it
   * @param parts what a micro-batch's tokens are divided by
   * @param blocks whether blocks are computed again instead of kept, which changes no bit
   */
  record Cut(long fromStep, int parts, boolean blocks) {
    Map<String, Object> toMap() {
      return Map.of("fromStep", fromStep, "parts", parts, "blocks", blocks);
    }
  }

  Cuts {
    cuts = List.copyOf(cuts);
  }

  static Cuts of(List<JournalRecord> journal) {
    return new Cuts(
        journal.stream()
            .filter(r -> r.type().equals(RECORD))
            .map(
                r ->
                    new Cut(
                        r.number("fromStep").orElseThrow().longValue(),
                        r.number("parts").orElseThrow().intValue(),
                        Boolean.TRUE.equals(r.fields().get("blocks"))))
            .toList());
  }

  /** What a micro-batch's tokens are divided by in the step after so many. */
  int partsAfter(long steps) {
    int parts = 1;
    for (var cut : cuts) {
      parts = cut.fromStep() <= steps ? cut.parts() : parts;
    }
    return parts;
  }

  /** Whether the last attempt computed blocks again. */
  boolean blocks() {
    return !cuts.isEmpty() && cuts.getLast().blocks();
  }

  Cuts and(Cut cut) {
    var all = new ArrayList<>(cuts);
    all.add(cut);
    return new Cuts(all);
  }

  /**
   * The examples of a micro-batch, in their order, in pieces of at most a part of its budget; an
   * example that is longer than that stands alone.
   */
  static List<int[]> pieces(int[] batch, int[] lengths, int budget, int parts) {
    return parts == 1 ? List.of(batch) : DataOrder.filled(batch, lengths, budget / parts);
  }
}
