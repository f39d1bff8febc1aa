package dev.lathe.serving.routing.tasks;

import java.util.List;

/**
 * What a classifier makes of a request.
 *
 * @param complexity in [0, 1]; below {@value #LOW} a small local model does, above {@value #HIGH}
 *     the best remote one is wanted
 * @param because the cues that decided, the strongest first; they stand here as the user wrote
 *     them, in any script
 */
public record Assessment(TaskClass task, double complexity, List<String> because) {
  public static final double LOW = 0.3;
  public static final double HIGH = 0.7;

  public Assessment {
    if (!(complexity >= 0 && complexity <= 1)) {
      throw new IllegalArgumentException("a complexity lies in [0, 1], not at " + complexity);
    }
    because = List.copyOf(because);
  }

  /** The thirds that {@link #LOW} and {@link #HIGH} cut. */
  public Band band() {
    return complexity < LOW ? Band.LOW : complexity > HIGH ? Band.HIGH : Band.MIDDLE;
  }
}
