package dev.lathe.registry.promotion;

import org.jspecify.annotations.Nullable;

/** An alias stands elsewhere than whoever wants to change it expected. Nothing was changed. */
public final class AliasMoved extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String alias;
  private final String expected;
  private final String found;

  AliasMoved(String name, String alias, Expectation expected, @Nullable Integer found) {
    this(
        name + "@" + alias,
        switch (expected) {
          case Expectation.Anywhere a -> "anything";
          case Expectation.Nowhere n -> "none";
          case Expectation.On on -> name + "@" + on.number();
        },
        found == null ? "none" : name + "@" + found);
  }

  private AliasMoved(String alias, String expected, String found) {
    super(alias + " was expected on " + expected + ", found on " + found);
    this.alias = alias;
    this.expected = expected;
    this.found = found;
  }

  /** {@code support@champion}. */
  public String alias() {
    return alias;
  }

  /** {@code support@2}, or {@code none}. */
  public String expected() {
    return expected;
  }

  /** {@code support@3}, or {@code none}. */
  public String found() {
    return found;
  }
}
