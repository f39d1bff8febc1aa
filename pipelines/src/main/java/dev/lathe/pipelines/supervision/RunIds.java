package dev.lathe.pipelines.supervision;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.checkpoints.input.DidYouMean;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/** Run ids: the minute of their making (UTC) and four letters, so that they sort by age. */
public final class RunIds {
  private static final Pattern SHAPE = Pattern.compile("[a-z0-9][a-z0-9-]{2,63}");
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmm").withZone(ZoneOffset.UTC);

  /** No letter that is mistaken for another, no vowel that makes a word. */
  private static final String LETTERS = "bcdfghjkmnpqrstvwxz23456789";

  private RunIds() {}

  public static String next(Clock clock, RandomGenerator random) {
    var id = new StringBuilder(MINUTE.format(clock.instant())).append('-');
    for (int i = 0; i < 4; i++) {
      id.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return id.toString();
  }

  /** The same, but none that is taken. */
  public static String next(Clock clock, RandomGenerator random, Predicate<String> taken) {
    while (true) {
      var id = next(clock, random);
      if (!taken.test(id)) {
        return id;
      }
    }
  }

  /** Whether a word can be an id, and so a folder's name. */
  public static boolean valid(String id) {
    return SHAPE.matcher(id).matches();
  }

  /**
   * The one known id that is, begins with, or ends with the given word.
   *
   * @throws BadInput when none or several do
   */
  public static String resolve(String given, Collection<String> known) {
    return resolve(given, known, "run");
  }

  /**
   * The same for ids of another kind.
   *
   * @param kind in a user's words: "run", "sweep"
   * @throws BadInput when none or several do
   */
  public static String resolve(String given, Collection<String> known, String kind) {
    if (known.contains(given)) {
      return given;
    }
    var matches =
        known.stream()
            .filter(id -> !given.isBlank() && (id.startsWith(given) || id.endsWith("-" + given)))
            .sorted()
            .toList();
    if (matches.size() == 1) {
      return matches.getFirst();
    }
    if (matches.size() > 1) {
      throw new BadInput(
          "Several " + kind + "s begin so",
          given,
          "Say more of it: " + String.join(", ", matches) + ".");
    }
    throw new BadInput(
        "There is no such " + kind,
        given,
        known.isEmpty()
            ? "There are none yet; './lathe %s' starts one."
                .formatted(kind.equals("run") ? "train" : kind)
            : DidYouMean.nearest(given, known)
                .map(n -> "Did you mean '" + n + "'?")
                .orElse(
                    "'./lathe %s list' shows them.".formatted(kind.equals("run") ? "runs" : kind)));
  }
}
