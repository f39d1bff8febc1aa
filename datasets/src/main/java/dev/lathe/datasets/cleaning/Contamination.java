package dev.lathe.datasets.cleaning;

import dev.lathe.datasets.conversation.Conversation;
import dev.lathe.datasets.conversation.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Drops training conversations whose answers share a run of {@code words} words with an answer of
 * the validation or test part: what a model has learned by heart says nothing of what it can. Lines
 * that hold an ignored phrase (greetings, sign-offs) do not count, and runs do not reach over
 * lines' ends made by leaving one out. First {@link #hold} the parts to protect, then {@link
 * #check}.
 */
public final class Contamination {
  public static final String RULE = "contaminated";

  private final int words;
  private final List<String> ignored;
  private final Map<Long, String> held = new HashMap<>();

  /**
   * @param words of a run, at least 2
   * @param ignored phrases; case does not matter
   */
  public Contamination(int words, List<String> ignored) {
    this.words = words;
    this.ignored = ignored.stream().map(p -> p.toLowerCase(Locale.ROOT)).toList();
  }

  public void hold(Conversation conversation) {
    for (var run : runs(conversation)) {
      held.putIfAbsent(run.hash(), conversation.id());
    }
  }

  /** Reads only: any thread, once everything is held. */
  public Optional<Drop> check(Conversation conversation) {
    for (var run : runs(conversation)) {
      var other = held.get(run.hash());
      if (other != null) {
        var why = "shares '" + run.text() + "' with " + other;
        return Optional.of(Drop.of(conversation, RULE, why));
      }
    }
    return Optional.empty();
  }

  private record Run(long hash, List<String> words) {
    String text() {
      return String.join(" ", words);
    }
  }

  private List<Run> runs(Conversation conversation) {
    var runs = new ArrayList<Run>();
    for (var message : conversation.messages()) {
      if (message.role() == Role.ASSISTANT) {
        for (var part : parts(message.content())) {
          var found = wordsOf(part);
          for (int i = 0; i + words <= found.size(); i++) {
            var run = found.subList(i, i + words);
            runs.add(new Run(hash(run), run));
          }
        }
      }
    }
    return runs;
  }

  /** The text between ignored lines. */
  private List<String> parts(String text) {
    var parts = new ArrayList<String>();
    var part = new StringBuilder();
    for (var line : text.toLowerCase(Locale.ROOT).split("\n", -1)) {
      if (ignored.stream().anyMatch(line::contains)) {
        parts.add(part.toString());
        part.setLength(0);
      } else {
        part.append(line).append('\n');
      }
    }
    parts.add(part.toString());
    return parts;
  }

  private static List<String> wordsOf(String text) {
    var words = new ArrayList<String>();
    int start = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean letter = i < text.length() && Character.isLetterOrDigit(text.charAt(i));
      if (letter && start < 0) {
        start = i;
      } else if (!letter && start >= 0) {
        words.add(text.substring(start, i));
        start = -1;
      }
    }
    return words;
  }

  private static long hash(List<String> words) {
    long hash = 17;
    for (var word : words) {
      for (int i = 0; i < word.length(); i++) {
        hash = hash * 0x5851F42D4C957F2DL + word.charAt(i) + 1;
      }
      hash = Fingerprint.mix(hash);
    }
    return hash;
  }
}
