package dev.lathe.serving.settings;

import java.util.List;

/**
 * A key that a client bears, and what it allows.
 *
 * @param sha256 of the secret, in hexadecimal digits; the secret itself is not kept
 * @param models as clients name them
 * @param requestsPerMinute 0 for any number, and so for the next two
 */
public record ClientKey(
    String name,
    String sha256,
    List<Glob> models,
    int requestsPerMinute,
    int tokensPerMinute,
    int concurrency,
    List<Budget> budgets) {
  public ClientKey {
    models = List.copyOf(models);
    budgets = List.copyOf(budgets);
  }

  public boolean allows(String model) {
    return models.stream().anyMatch(m -> m.matches(model));
  }
}
