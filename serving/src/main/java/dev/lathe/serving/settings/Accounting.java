package dev.lathe.serving.settings;

import dev.lathe.checkpoints.files.Sha256;
import dev.lathe.checkpoints.input.Settings;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask, and what it costs.
 *
 * @param keys none for a door that every program of this machine may use
 * @param prices the first that fits a target counts
 * @param savingsAgainst {@code provider:model} that local answers are held against
 * @param keepDays how long the request log keeps rows, before their sums stand for them; 0 for ever
 */
public record Accounting(
    List<ClientKey> keys, List<PriceRule> prices, @Nullable String savingsAgainst, int keepDays) {
  public static final Accounting NONE = new Accounting(List.of(), List.of(), null, 0);

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,62}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final int SHORTEST_SECRET = 16;
  private static final BigDecimal LARGEST_BUDGET = new BigDecimal(1_000_000);

  public Accounting {
    keys = List.copyOf(keys);
    prices = List.copyOf(prices);
  }

  static Accounting read(Settings s, Variables variables) {
    var keys = new ArrayList<ClientKey>();
    var bearers = new HashMap<String, String>();
    s.parts("keys")
        .forEach(
            (name, k) -> {
              var key = key(name, k, variables);
              var other = bearers.putIfAbsent(key.sha256(), name);
              if (other != null && !key.sha256().isEmpty()) {
                k.problem("secret: it is that of '%s'. Give each key its own".formatted(other));
              }
              keys.add(key);
            });
    var prices = new ArrayList<PriceRule>();
    s.parts("prices")
        .forEach((targets, p) -> prices.add(new PriceRule(Glob.of(targets), Price.read(p))));
    return new Accounting(
        keys,
        prices,
        s.text("savingsAgainst", null),
        s.part("requestLog").integer("keepDays", 0, 1, 36_500));
  }

  private static ClientKey key(String name, Settings s, Variables variables) {
    if (!NAME.matcher(name).matches()) {
      s.problem(
          "'%s' is no name for a key: use lower-case letters, digits, '-', '_' and '.'"
              .formatted(name));
    }
    return new ClientKey(
        name,
        hash(s, variables),
        s.words("models", List.of("*")).stream().map(Glob::of).toList(),
        s.integer("requestsPerMinute", 0, 1, 10_000_000),
        s.integer("tokensPerMinute", 0, 1, 1_000_000_000),
        s.integer("concurrency", 0, 1, 1_000_000),
        budgets(s.part("budgetUsd")));
  }

  private static String hash(Settings s, Variables variables) {
    var secret = variables.in(s, "secret");
    var given = variables.in(s, "sha256");
    if ((secret == null) == (given == null)) {
      s.problem("one of 'secret' (write ${NAME}, and export NAME) and 'sha256' is needed");
      return "";
    }
    if (given != null) {
      var hash = given.toLowerCase(Locale.ROOT);
      if (!HASH.matcher(hash).matches()) {
        s.problem("sha256: 64 hexadecimal digits are expected; 'printf %s KEY | sha256sum' tells");
      }
      return hash;
    }
    if (secret == null || secret.isEmpty()) {
      return ""; // its variable is missing, which is told already
    }
    if (secret.length() < SHORTEST_SECRET) {
      s.problem("secret: it has fewer than 16 characters. 'openssl rand -hex 24' makes a good one");
    }
    return Sha256.of(secret);
  }

  private static List<Budget> budgets(Settings s) {
    var budgets = new ArrayList<Budget>();
    for (var period : Budget.Period.values()) {
      var text = s.text(period.word(), null);
      if (text == null) {
        continue;
      }
      try {
        var usd = new BigDecimal(text);
        if (usd.signum() < 0 || usd.compareTo(LARGEST_BUDGET) > 0) {
          s.problem("%s: %s lies outside 0 to 1000000".formatted(period.word(), text));
        } else {
          budgets.add(new Budget(period, Price.picodollars(usd)));
        }
      } catch (NumberFormatException e) {
        s.problem("%s: '%s' is not a number of US dollars".formatted(period.word(), text));
      }
    }
    return budgets;
  }
}
