package dev.lathe.serving.routing.strategy;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How the model {@code auto} chooses. */
public enum Strategy {
  /** Nothing is asked that does not run here. */
  LOCAL_ONLY,
  /** Providers alone. */
  REMOTE_ONLY,
  /** Anthropic's models alone. */
  CLAUDE_ONLY,
  /**
   * What small models do well stays here, the rest goes to providers; each falls back to the other.
   */
  HYBRID,
  /** Local, then Ollama, then providers. */
  LOCAL_FALLBACK,
  /** Providers, then Ollama, then local. */
  REMOTE_FALLBACK,
  /** The engines of this home, then Ollama, then the cloud: local_fallback under its older name. */
  DIRECT,
  /** Easy requests stay, hard ones go; those between take the cheapest. */
  COST,
  /** Easy requests stay, hard ones go; those between take what begins to answer soonest. */
  LATENCY,
  /** Easy requests stay, hard ones go; those between take the first of the configured order. */
  QUALITY,
  /** Nothing leaves this machine, whatever it costs. */
  PRIVACY;

  /** As configuration and headers have it. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Strategy> of(String wire) {
    return Arrays.stream(values()).filter(s -> s.wire().equals(wire)).findFirst();
  }

  /** Every name. */
  public static List<String> names() {
    return Arrays.stream(values()).map(Strategy::wire).toList();
  }
}
