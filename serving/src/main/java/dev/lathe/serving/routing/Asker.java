package dev.lathe.serving.routing;

import dev.lathe.serving.accounting.Admission;
import org.jspecify.annotations.Nullable;

/**
 * Who asks, as far as the request's head tells.
 *
 * @param subject whom it is for, when the body does not say
 * @param strategy in place of the configured one, for this request
 * @param admission on whose account
 */
public record Asker(@Nullable String subject, @Nullable String strategy, Admission admission) {
  /** Somebody of whom nothing is known. */
  public static final Asker UNKNOWN = new Asker(null, null, Admission.FREE);
}
