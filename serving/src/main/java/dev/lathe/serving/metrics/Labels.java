package dev.lathe.serving.metrics;

import dev.lathe.serving.accounting.Prices;
import dev.lathe.serving.accounting.RequestRow;
import dev.lathe.serving.settings.LatheYaml;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Names of targets as labels. Local targets exist before they are asked for; a provider's model is
 * whatever a client writes, so it has a name of its own only when {@code lathe.yaml} lists it or
 * its price is known, and even those are bounded.
 */
public final class Labels {
  static final int MOST = 300;
  private static final String OTHER = "other";

  private final LatheYaml settings;
  private final Prices prices;
  private final Set<String> named = ConcurrentHashMap.newKeySet();

  public Labels(LatheYaml settings, Prices prices) {
    this.settings = settings;
    this.prices = prices;
  }

  String of(RequestRow row) {
    var target = row.target();
    if (named.contains(target)) {
      return target;
    }
    var provider = row.provider();
    if (provider == null) {
      return bounded(target, OTHER);
    }
    var other = provider + ":" + OTHER;
    return isKnown(target, provider) ? bounded(target, other) : other;
  }

  private boolean isKnown(String target, String provider) {
    var listed = settings.providers().get(provider);
    return listed != null
        && (listed.models().contains(target.substring(provider.length() + 1))
            || prices.isListed(target, provider));
  }

  private String bounded(String target, String otherwise) {
    if (named.size() >= MOST) {
      return otherwise;
    }
    named.add(target);
    return target;
  }
}
