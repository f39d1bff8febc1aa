package dev.lathe.serving.routing;

import java.util.List;

/**
 * The targets that a request is sent to, one after another until one answers.
 *
 * @param preferred the target that would answer if all stood well
 * @param rule what decided their order; empty when the client named its target
 * @param task what kind of work it was taken for; empty when nobody looked
 */
record Itinerary(List<Route> routes, String preferred, String rule, String task) {
  Itinerary {
    routes = List.copyOf(routes);
  }
}
