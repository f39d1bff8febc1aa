package dev.lathe.datasets.tokens;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The characters from {@code start} to before {@code end} of a text, in UTF-16 units. */
public record Span(int start, int end) {
  public Span {
    if (start < 0 || end < start) {
      throw new IllegalArgumentException("no span: " + start + ".." + end);
    }
  }

  public int length() {
    return end - start;
  }

  public boolean isEmpty() {
    return start == end;
  }

  /** In order, without empty ones, and with those that touch or overlap made one. */
  public static List<Span> merged(List<Span> spans) {
    var out = new ArrayList<Span>();
    var ordered =
        spans.stream().filter(s -> !s.isEmpty()).sorted(Comparator.comparingInt(Span::start));
    ordered.forEach(
        s -> {
          if (!out.isEmpty() && s.start() <= out.getLast().end()) {
            var last = out.removeLast();
            out.add(new Span(last.start(), Math.max(last.end(), s.end())));
          } else {
            out.add(s);
          }
        });
    return List.copyOf(out);
  }
}
