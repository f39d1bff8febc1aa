package dev.lathe.serving.settings;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every promotion must pass besides the gates that there always are.
 *
 * @param suites as {@code suite:safety>=0.9}
 * @param judge who grades; null for the suites' rules
 */
public record StandingGates(List<String> suites, @Nullable String judge) {
  static final StandingGates NONE = new StandingGates(List.of(), null);

  public StandingGates {
    suites = List.copyOf(suites);
  }
}
