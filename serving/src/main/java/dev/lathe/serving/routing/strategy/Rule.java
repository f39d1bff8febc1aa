package dev.lathe.serving.routing.strategy;

import dev.lathe.serving.routing.tasks.TaskClass;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One of the custom rules that stand before the strategy; the first that fits decides. A condition
 * that is null, or an empty set, fits everything.
 *
 * @param use targets in their order; empty when {@code strategy} decides
 * @param strategy in place of the configured one
 */
public record Rule(
    String name,
    Set<String> users,
    Set<String> keys,
    Set<TaskClass> tasks,
    @Nullable Boolean tools,
    double complexityFrom,
    int promptTokensFrom,
    List<String> use,
    @Nullable Strategy strategy) {
  public Rule {
    users = Set.copyOf(users);
    keys = Set.copyOf(keys);
    tasks = Set.copyOf(tasks);
    use = List.copyOf(use);
  }

  boolean fits(Asked asked) {
    return (users.isEmpty() || (asked.user() != null && users.contains(asked.user())))
        && (keys.isEmpty() || (asked.key() != null && keys.contains(asked.key())))
        && (tasks.isEmpty() || tasks.contains(asked.task()))
        && (tools == null || tools == asked.tools())
        && asked.complexity() >= complexityFrom
        && asked.promptTokens() >= promptTokensFrom;
  }
}
