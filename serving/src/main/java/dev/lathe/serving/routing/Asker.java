package dev.lathe.serving.routing;

import org.jspecify.annotations.Nullable;

/**
 * Who asks, as far as the request's head tells.
 *
 * @param subject whom it is for, when the body does not say
 * @param strategy in place of the configured one, for this request
 */
public record Asker(@Nullable String subject, @Nullable String strategy) {
  /** Somebody of whom nothing is known. */
  public static final Asker UNKNOWN = new Asker(null, null);
}
