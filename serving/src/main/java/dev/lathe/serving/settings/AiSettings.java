package dev.lathe.serving.settings;

import dev.lathe.checkpoints.input.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * {@code ai} of {@code lathe.yaml}: limits and defaults of the API under {@code /api/ai}.
 *
 * @param maxMessage characters
 * @param limit of one answer's time
 * @param maxLength tokens of an answer when the request does not say
 * @param topK null for the target's own
 * @param refuse messages that hold a match are refused
 */
public record AiSettings(
    int maxMessage,
    Duration limit,
    int maxLength,
    double temperature,
    @Nullable Integer topK,
    @Nullable Double topP,
    List<Pattern> refuse) {
  public AiSettings {
    refuse = List.copyOf(refuse);
  }

  static AiSettings read(Settings s) {
    return new AiSettings(
        s.integer("maxMessage", 4096, 1, 100_000_000),
        Duration.ofMillis(Math.round(s.number("seconds", 30, 0.001, 86_400) * 1000)),
        s.integer("maxLength", 512, 1, 1_000_000),
        s.number("temperature", 0.7, 0, 2),
        s.has("topK") ? s.integer("topK", 40, 1, 1_000_000) : null,
        s.has("topP") ? s.number("topP", 1, 0, 1) : null,
        patterns(s));
  }

  private static List<Pattern> patterns(Settings s) {
    var patterns = new ArrayList<Pattern>();
    for (var text : s.lines("refuse")) {
      try {
        patterns.add(Pattern.compile(text, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE));
      } catch (PatternSyntaxException e) {
        s.problem("refuse: '%s' is no regular expression: %s".formatted(text, e.getDescription()));
      }
    }
    return patterns;
  }

  /** Whether a message holds what is refused. */
  public boolean refuses(String message) {
    return refuse.stream().anyMatch(p -> p.matcher(message).find());
  }
}
