package dev.lathe.serving.routing;

import dev.lathe.serving.routing.health.Health;
import dev.lathe.serving.wire.WireError;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an error of a target means: for its health, and for whether somebody else is asked. A
 * request that is wrong in itself is wrong everywhere.
 */
final class Verdict {
  private static final Duration USUAL = Duration.ofSeconds(1);

  /** Refusals that another target may not share. */
  private static final Set<String> ITS_OWN =
      Set.of(
          "model_not_found",
          "context_length_exceeded",
          "insufficient_quota",
          "unknown_url",
          "unsupported_parameter",
          "unsupported_value");

  private Verdict() {}

  /**
   * @throws WireError the problem itself, when no other target would do better
   * @throws Lost when another may
   */
  static void on(WireError problem, Health.Leave leave) throws Lost {
    int status = problem.status();
    if (status == 429) {
      leave.cool(pause(problem.retryAfter(), Instant.now()));
    } else if (status >= 500) {
      leave.failed();
    } else if (status != 408 && !ITS_OWN.contains(String.valueOf(problem.code()))) {
      throw problem;
    }
    throw new Lost(problem, false);
  }

  /** Seconds, or a date (RFC 9110, 10.2.3). */
  static Duration pause(@Nullable String retryAfter, Instant now) {
    if (retryAfter == null) {
      return USUAL;
    }
    try {
      var text = retryAfter.strip();
      if (text.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '.')) {
        return Duration.ofMillis((long) (Double.parseDouble(text) * 1000));
      }
      var until = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      var pause = Duration.between(now, until);
      return pause.isNegative() ? Duration.ZERO : pause;
    } catch (NumberFormatException | DateTimeParseException e) {
      return USUAL;
    }
  }
}
