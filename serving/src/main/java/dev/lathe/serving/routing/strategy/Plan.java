package dev.lathe.serving.routing.strategy;

import java.util.List;

/**
 * Targets in the order in which they are asked.
 *
 * @param rule what decided, for whoever wonders
 * @param preferred what would be first if everything stood well; empty when there is nothing
 * @param order names; empty when nothing can take the request
 * @param leftOut {@code name: why}
 */
public record Plan(String rule, String preferred, List<String> order, List<String> leftOut) {
  public Plan {
    order = List.copyOf(order);
    leftOut = List.copyOf(leftOut);
  }
}
