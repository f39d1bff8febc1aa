package dev.lathe.serving.accounting;

import dev.lathe.checkpoints.input.BadInput;
import dev.lathe.serving.settings.KnownPrices;
import dev.lathe.serving.settings.LatheYaml;
import dev.lathe.serving.settings.Price;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a target's answers cost: the first rule of {@code lathe.yaml} that fits, else nothing for a
 * local target, else the shipped table for a provider whose address is that of a vendor in it.
 */
public final class Prices {
  /** Clients choose the names of providers' models, so what is remembered is bounded. */
  private static final int REMEMBERED = 1_000;

  private final LatheYaml settings;
  private final KnownPrices known;
  private final ConcurrentHashMap<String, Optional<Price>> remembered = new ConcurrentHashMap<>();
  private final @Nullable Price reference;

  /**
   * @throws BadInput when savings are to be held against a model whose price nobody knows
   */
  public Prices(LatheYaml settings, KnownPrices known) {
    this.settings = settings;
    this.known = known;
    var against = settings.accounting().savingsAgainst();
    this.reference = against == null ? null : reference(against);
  }

  /** Of {@code lathe.yaml} over the shipped table. */
  public static Prices of(LatheYaml settings) {
    return new Prices(settings, KnownPrices.shipped());
  }

  private Price reference(String against) {
    int colon = against.indexOf(':');
    var vendor = colon < 0 ? "" : against.substring(0, colon);
    var price = settings.providers().containsKey(vendor) ? find(against, vendor) : ruled(against);
    if (price == null) {
      price = known.of(vendor, against.substring(colon + 1));
    }
    if (price == null) {
      throw new BadInput(
          "savingsAgainst names a model whose price is unknown",
          against,
          "Add it to 'prices' in lathe.yaml, in USD a million tokens: \""
              + against
              + "\": {input: 0.15, output: 0.60}.");
    }
    return price;
  }

  /** What {@code savingsAgainst} costs; null when nothing is held against anything. */
  public @Nullable Price reference() {
    return reference;
  }

  /** The name of what savings are held against. */
  public @Nullable String against() {
    return settings.accounting().savingsAgainst();
  }

  /** Whether the shipped table names it. */
  public boolean isListed(String target, String provider) {
    var at = settings.providers().get(provider);
    return at != null
        && known.at(String.valueOf(at.baseUrl().getHost()), target.substring(provider.length() + 1))
            != null;
  }

  /**
   * Null when nobody knows.
   *
   * @param target as the log names it
   * @param provider null for a local one
   */
  public @Nullable Price of(String target, @Nullable String provider) {
    var there = remembered.get(target);
    if (there == null) {
      if (remembered.size() >= REMEMBERED) {
        remembered.clear();
      }
      there = Optional.ofNullable(find(target, provider));
      remembered.put(target, there);
    }
    return there.orElse(null);
  }

  private @Nullable Price find(String target, @Nullable String provider) {
    for (var rule : settings.accounting().prices()) {
      if (rule.fits(target, provider == null)) {
        return rule.price();
      }
    }
    if (provider == null) {
      return Price.FREE;
    }
    var at = settings.providers().get(provider);
    return at == null
        ? null
        : known.at(String.valueOf(at.baseUrl().getHost()), target.substring(provider.length() + 1));
  }

  private @Nullable Price ruled(String target) {
    return settings.accounting().prices().stream()
        .filter(r -> r.fits(target, false))
        .map(r -> r.price())
        .findFirst()
        .orElse(null);
  }
}
