package dev.lathe.datasets.chat.jinja;

import java.util.List;

/**
 * What a template wrote, and where.
 *
 * @param turns for each turn of a loop over the tracked values that wrote something, in order
 * @param generations the generation blocks, in order
 * @param generationsInPlace false where a generation block stood in a macro or set block, so that
 *     its place in the text is not known
 */
public record Rendering(
    String text, List<Turn> turns, List<Generation> generations, boolean generationsInPlace) {
  /** The message of a generation block that stands in no loop over messages. */
  public static final int OUTSIDE = -1;

  public Rendering {
    turns = List.copyOf(turns);
    generations = List.copyOf(generations);
  }

  /** Characters {@code start} to before {@code end} were written in a loop for this value. */
  public record Turn(int index, int start, int end) {}

  /** A generation block's characters, and the tracked value whose loop it stood in. */
  public record Generation(int index, int start, int end) {}
}
