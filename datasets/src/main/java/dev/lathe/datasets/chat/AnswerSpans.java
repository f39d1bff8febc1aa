package dev.lathe.datasets.chat;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.datasets.chat.jinja.Rendering;
import dev.lathe.datasets.tokens.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where in a rendered conversation the answers to learn stand. From the template itself:
 *
 * <ol>
 *   <li>its {@code {% generation %}} blocks, where it has them;
 *   <li>else what it writes in its loop's turn for the answer's message, after the generation
 *       prompt and without the white space that follows the end-of-turn token;
 *   <li>else, for a template that does not loop over the messages, what the answer adds to the
 *       conversation before it with the generation prompt, if the whole begins with both.
 * </ol>
 *
 * What none of them tells is refused, never guessed.
 */
final class AnswerSpans {
  private static final Pattern GENERATION = Pattern.compile("\\{%[-+]?\\s*generation\\s*[-+]?%\\}");

  /** A character of private use, so that no template and no answer writes it by chance. */
  private static final String MARK = "\uE0FF";

  /** Renders turns, with the generation prompt or without. */
  interface Renderer {
    Rendering render(List<Turn> turns, boolean generationPrompt);
  }

  private final boolean hasGenerations;
  private final String prompt;

  /** What the template writes after an answer, amid a conversation and at its end. */
  private final Set<String> endings;

  AnswerSpans(String source, Renderer renderer) {
    this.hasGenerations = GENERATION.matcher(source).find();
    this.prompt = generationPrompt(renderer);
    this.endings = endings(renderer);
  }

  /**
   * The spans of the turns to learn in {@code whole}, which {@code renderer} made of all of them.
   *
   * @param renderer with the conversation's own functions declared
   */
  List<Span> of(List<Turn> turns, Rendering whole, Renderer renderer) {
    if (hasGenerations) {
      return generations(turns, whole);
    }
    var out = new ArrayList<Span>();
    for (int i = 0; i < turns.size(); i++) {
      if (turns.get(i).learnt()) {
        var turn = only(whole, i);
        out.add(
            turn == null
                ? added(turns, i, whole, renderer)
                : inTurn(turns, i, whole, turn, renderer));
      }
    }
    return Span.merged(out);
  }

  private static List<Span> generations(List<Turn> turns, Rendering whole) {
    boolean allLearnt = turns.stream().allMatch(t -> t.learnt() || !t.assistant());
    var out = new ArrayList<Span>();
    for (var g : whole.generations()) {
      if (!whole.generationsInPlace() || (g.index() == Rendering.OUTSIDE && !allLearnt)) {
        throw unclear("its generation blocks do not stand in its loop over the messages");
      }
      if (g.index() == Rendering.OUTSIDE || turns.get(g.index()).learnt()) {
        out.add(new Span(g.start(), g.end()));
      }
    }
    return Span.merged(out);
  }

  private Span inTurn(
      List<Turn> turns, int i, Rendering whole, Rendering.Turn turn, Renderer renderer) {
    var text = whole.text();
    // White space at the prompt's end may differ: templates are careless about it.
    int header = commonPrefix(text, turn.start(), turn.end());
    int start =
        header >= prompt.stripTrailing().length()
            ? turn.start() + header
            : headerAfterPreamble(turns, i, whole, turn, renderer) + prompt.length();
    return ended(text, start, turn.end());
  }

  /** How many characters of the generation prompt the text has from {@code start} on. */
  private int commonPrefix(String text, int start, int end) {
    int n = 0;
    while (n < prompt.length() && start + n < end && text.charAt(start + n) == prompt.charAt(n)) {
      n++;
    }
    return n;
  }

  /**
   * The first turn may write more before the header, a default system prompt for instance. The
   * header is found by its text, and proven to be no part of the answer: it stands in the same
   * place when the answer is another.
   */
  private int headerAfterPreamble(
      List<Turn> turns, int i, Rendering whole, Rendering.Turn turn, Renderer renderer) {
    var text = whole.text();
    int header = text.indexOf(prompt, turn.start());
    if (header >= 0 && header + prompt.length() <= turn.end()) {
      var changed = new ArrayList<>(turns);
      changed.set(i, turns.get(i).saying(MARK));
      var other = renderer.render(changed, false).text();
      int after = header + prompt.length();
      int mark = other.indexOf(MARK);
      if (mark >= after && other.startsWith(text.substring(0, after))) {
        return header;
      }
    }
    throw unclear("an answer does not begin with its generation prompt");
  }

  private Span added(List<Turn> turns, int i, Rendering whole, Renderer renderer) {
    var before = renderer.render(turns.subList(0, i), true).text();
    var after = renderer.render(turns.subList(0, i + 1), false).text();
    boolean grows = after.startsWith(before) && whole.text().startsWith(after);
    if (!grows) {
      throw unclear("it writes earlier turns anew as the conversation goes on");
    }
    return ended(after, before.length(), after.length());
  }

  /**
   * Without the white space behind the end-of-turn token; it is the template's, not the answer's.
   */
  private Span ended(String text, int start, int end) {
    for (var ending : endings) {
      int stripped = ending.stripTrailing().length();
      boolean ends =
          end - ending.length() >= start && text.startsWith(ending, end - ending.length());
      if (stripped > 0 && ends) {
        return new Span(start, end - (ending.length() - stripped));
      }
    }
    return new Span(start, Math.max(start, end));
  }

  private static String generationPrompt(Renderer renderer) {
    var question = List.of(Turn.of("user", "q"));
    try {
      var with = renderer.render(question, true);
      var without = renderer.render(question, false);
      var turn = only(with, 0);
      var same = only(without, 0);
      if (turn == null || same == null) {
        return "";
      }
      var tail = with.text().substring(turn.end());
      var always = without.text().substring(same.end());
      return tail.startsWith(always) ? tail.substring(always.length()) : tail;
    } catch (BadInput e) {
      return "";
    }
  }

  private static Set<String> endings(Renderer renderer) {
    var turns =
        List.of(
            Turn.of("user", "q"),
            Turn.of("assistant", MARK),
            Turn.of("user", "q"),
            Turn.of("assistant", MARK));
    // The longest first: an ending may be the end of another.
    var out =
        new TreeSet<String>(
            (a, b) -> a.length() != b.length() ? b.length() - a.length() : a.compareTo(b));
    for (var probe : List.of(turns, turns.subList(0, 2))) {
      try {
        var whole = renderer.render(probe, false);
        var text = whole.text();
        for (int i = 1; i < probe.size(); i += 2) {
          var turn = only(whole, i);
          int end = turn != null ? turn.end() : text.length();
          int mark = text.lastIndexOf(MARK, end - 1);
          if (mark >= 0 && (turn != null || i == probe.size() - 1)) {
            out.add(text.substring(mark + MARK.length(), end));
          }
        }
      } catch (BadInput e) {
        // A template that takes no such conversation shows no ending: nothing is cut off then.
      }
    }
    return out;
  }

  /** The one turn of a loop in which message {@code i} was written; null where none or several. */
  private static Rendering.@Nullable Turn only(Rendering whole, int i) {
    var turns = whole.turns().stream().filter(t -> t.index() == i).limit(2).toList();
    return turns.size() == 1 ? turns.getFirst() : null;
  }

  private static BadInput unclear(String why) {
    return new BadInput(
        "the chat template does not tell which characters are the assistant's",
        why,
        "Put {% generation %}…{% endgeneration %} around them in a template of your own (template=FILE).");
  }
}
