package dev.lathe.serving.accounting;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How limits stand, in the headers that OpenAI has for it
 * (https://platform.openai.com/docs/guides/rate-limits).
 */
final class RateHeaders {
  private RateHeaders() {}

  static void put(Map<String, String> headers, String of, @Nullable Allowance limit, long now) {
    if (limit == null) {
      return;
    }
    headers.put("x-ratelimit-limit-" + of, Long.toString(limit.perMinute()));
    headers.put("x-ratelimit-remaining-" + of, Long.toString(limit.remaining(now)));
    headers.put("x-ratelimit-reset-" + of, span(Duration.ofNanos(limit.untilFull(now))));
  }

  /** {@code 6m0s}, {@code 1.5s}, {@code 20ms}. */
  static String span(Duration time) {
    long ms = Math.ceilDiv(time.toNanos() < 0 ? 0 : time.toNanos(), 1_000_000);
    if (ms < 1_000) {
      return ms + "ms";
    }
    var text = new StringBuilder();
    long hours = ms / 3_600_000;
    long minutes = ms / 60_000 % 60;
    if (hours > 0) {
      text.append(hours).append('h');
    }
    if (hours > 0 || minutes > 0) {
      text.append(minutes).append('m');
    }
    long left = ms % 60_000;
    return text.append(
            left % 1_000 == 0
                ? Long.toString(left / 1_000)
                : String.format(Locale.ROOT, "%.3f", left / 1e3).replaceAll("0+$", ""))
        .append('s')
        .toString();
  }

  /** As {@code Retry-After} has it: whole seconds, none too few. */
  static String seconds(Duration time) {
    return Long.toString(Math.max(1, Math.ceilDiv(time.toMillis(), 1_000)));
  }
}
