package dev.lathe.checkpoints.input;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Something the user gave cannot be used. Says what was wrong, the value, and the remedy; the
 * command line turns it into exit status 2 and the API into a 4xx answer.
 */
public final class BadInput extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final @Nullable String value;
  private final String remedy;

  public BadInput(String what, @Nullable String value, String remedy) {
    this(what, value, remedy, null);
  }

  public BadInput(String what, @Nullable String value, String remedy, @Nullable Throwable cause) {
    super(message(what, value, remedy), cause);
    this.what = what;
    this.value = value;
    this.remedy = remedy;
  }

  private static String message(String what, @Nullable String value, String remedy) {
    if (value == null) {
      return what + ". " + remedy;
    }
    // Several problems stand in lines of their own.
    return value.startsWith("\n")
        ? what + ":" + value + remedy
        : what + ": " + value + ". " + remedy;
  }

  /** One error out of several, so that a user mends them all at once. */
  public static BadInput all(String what, List<String> problems, String remedy) {
    return new BadInput(
        what,
        problems.size() == 1
            ? problems.getFirst()
            : problems.stream().map(p -> "\n  - " + p).collect(Collectors.joining()) + "\n",
        remedy);
  }

  public String what() {
    return what;
  }

  public @Nullable String value() {
    return value;
  }

  public String remedy() {
    return remedy;
  }
}
