package dev.lathe.serving.settings;

import dev.lathe.checkpoints.input.Settings;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * What answers cost, in whole picodollars (10⁻¹² USD), so that sums are exact: a price of 0.15 USD
 * a million tokens is 150,000 of them a token.
 *
 * @param input a token of the prompt
 * @param cachedInput a token of the prompt that the provider had in its cache
 * @param output a token of the answer
 * @param hour an hour of answering, for machines that are paid by time
 */
public record Price(long input, long cachedInput, long output, long hour) {
  /** Picodollars in a dollar have so many zeros. */
  public static final int DIGITS = 12;

  public static final Price FREE = new Price(0, 0, 0, 0);

  /** No price and no answer is so large that their product leaves 64 bits. */
  private static final BigDecimal HIGHEST = new BigDecimal(10_000);

  private static final BigDecimal HIGHEST_A_THOUSAND = BigDecimal.TEN;
  private static final long MOST_TOKENS = 100_000_000;
  private static final int A_MILLIONTH = DIGITS - 6;
  private static final int A_THOUSANDTH = DIGITS - 3;
  private static final double MILLISECONDS_AN_HOUR = 3_600_000;

  /** Of one answer, in picodollars. */
  public long of(long prompt, long cached, long completion, double milliseconds) {
    long asked = Math.min(prompt, MOST_TOKENS);
    long known = Math.min(cached, asked);
    return (asked - known) * input
        + known * cachedInput
        + Math.min(completion, MOST_TOKENS) * output
        + (hour == 0 ? 0 : Math.round(hour * (milliseconds / MILLISECONDS_AN_HOUR)));
  }

  public boolean isFree() {
    return equals(FREE);
  }

  /** Picodollars as dollars. */
  public static BigDecimal usd(long picodollars) {
    return BigDecimal.valueOf(picodollars, DIGITS);
  }

  /** Dollars as picodollars; what lies below one of them is rounded up. */
  public static long picodollars(BigDecimal usd) {
    return usd.movePointRight(DIGITS).setScale(0, java.math.RoundingMode.CEILING).longValueExact();
  }

  /** {@code {input, cachedInput, output}} in USD a million tokens, or {@code perHour}, or both. */
  static Price read(Settings s) {
    var input = usd(s, "input", HIGHEST);
    var output = usd(s, "output", HIGHEST);
    var cached = usd(s, "cachedInput", HIGHEST);
    var thousand = usd(s, "per1kTokens", HIGHEST_A_THOUSAND);
    var hour = usd(s, "perHour", HIGHEST);
    if (input == null && output == null && thousand == null && hour == null) {
      s.problem("there is no price. Write {input: 0.15, output: 0.60}, in USD a million tokens");
    } else if (thousand != null && (input != null || output != null || cached != null)) {
      s.problem("per1kTokens: it stands beside input and output. Keep one of the two ways");
    } else if (thousand == null && (input == null) != (output == null)) {
      s.problem("input and output belong together; write 0 for what costs nothing");
    }
    long perToken = scaled(thousand, A_THOUSANDTH);
    long in = perToken + scaled(input, A_MILLIONTH);
    return new Price(
        in,
        cached == null ? in : scaled(cached, A_MILLIONTH),
        perToken + scaled(output, A_MILLIONTH),
        scaled(hour, DIGITS));
  }

  private static long scaled(@Nullable BigDecimal usd, int digits) {
    return usd == null ? 0 : usd.movePointRight(digits).longValueExact();
  }

  private static @Nullable BigDecimal usd(Settings s, String key, BigDecimal highest) {
    var text = s.text(key, null);
    if (text == null) {
      return null;
    }
    try {
      var usd = new BigDecimal(text);
      if (usd.signum() < 0 || usd.compareTo(highest) > 0) {
        s.problem("%s: %s lies outside 0 to %s".formatted(key, text, highest.toPlainString()));
      } else if (usd.stripTrailingZeros().scale() > 6) {
        s.problem("%s: %s has more than six decimals".formatted(key, text));
      } else {
        return usd;
      }
    } catch (NumberFormatException e) {
      s.problem("%s: '%s' is not a number of US dollars".formatted(key, text));
    }
    return BigDecimal.ZERO;
  }
}
