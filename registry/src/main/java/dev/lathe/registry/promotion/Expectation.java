package dev.lathe.registry.promotion;

import dev.lathe.checkpoints.input.BadInput;
import org.jspecify.annotations.Nullable;

/** Where an alias must stand for a change of it to be made. */
public sealed interface Expectation {
  /** Wherever it stands. */
  record Anywhere() implements Expectation {}

  /** Nothing was promoted to it yet. */
  record Nowhere() implements Expectation {}

  /** On the version of this number. */
  record On(int number) implements Expectation {}

  /** On this version; nowhere for null. */
  static Expectation on(@Nullable Integer number) {
    return number == null ? new Nowhere() : new On(number);
  }

  /**
   * Reads what a user writes: {@code 3}, {@code support@3}, {@code none}; null for anywhere.
   *
   * @throws BadInput when it is neither
   */
  static Expectation parse(@Nullable String text) {
    if (text == null) {
      return new Anywhere();
    }
    if (text.equals("none")) {
      return new Nowhere();
    }
    var number = text.substring(text.indexOf('@') + 1);
    if (!number.matches("[1-9][0-9]{0,8}")) {
      throw new BadInput(
          "not a version that an alias could stand on", text, "Write 3, support@3, or none.");
    }
    return new On(Integer.parseInt(number));
  }

  default boolean holds(@Nullable Integer standing) {
    return switch (this) {
      case Anywhere a -> true;
      case Nowhere n -> standing == null;
      case On on -> standing != null && standing == on.number();
    };
  }
}
