package dev.lathe.serving.settings;

/**
 * A price of one's own.
 *
 * @param targets {@code provider:model}, a local name, or {@code local} for every local one
 */
public record PriceRule(Glob targets, Price price) {
  private static final String LOCAL = "local";

  public boolean fits(String target, boolean local) {
    return local && targets.text().equals(LOCAL) || targets.matches(target);
  }
}
