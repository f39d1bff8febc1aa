package dev.lathe.datasets.chat;

import dev.lathe.datasets.tokens.Span;
import java.util.List;

/**
 * A conversation as its template writes it.
 *
 * @param labelled the characters to learn, in order, apart from each other
 */
public record Rendered(String text, List<Span> labelled, RenderCounts counts) {
  public Rendered {
    labelled = List.copyOf(labelled);
  }
}
