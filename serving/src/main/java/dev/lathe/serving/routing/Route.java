package dev.lathe.serving.routing;

import dev.lathe.serving.routing.Assignments.Assignment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where one request goes, and why.
 *
 * @param id the answer's
 * @param asked the model as the client named it
 * @param subject a hash of whom it is for
 * @param assignment the experiment's choice, if one was asked
 */
public record Route(
    String id, String asked, String subject, @Nullable Assignment assignment, Target target) {

  /** The same request, to another target; an experiment's choice was the first one. */
  Route to(Target other) {
    return new Route(
        id, asked, subject, other.name().equals(target.name()) ? assignment : null, other);
  }

  /**
   * What the answer tells of itself in headers.
   *
   * @param rule what chose the target; empty when the client named it
   * @param tried what was asked before, and why it did not answer
   */
  public Map<String, String> headers(String rule, List<String> tried) {
    var headers = new LinkedHashMap<String, String>();
    headers.put("x-lathe-id", id);
    var why = rule.isEmpty() ? "" : "; rule=\"" + rule.replace('"', '\'') + '"';
    var before =
        tried.isEmpty() ? "" : "; tried=\"" + String.join(", ", tried).replace('"', '\'') + '"';
    put(headers, "x-lathe-route", target.name() + why + before);
    switch (target) {
      case Target.Remote remote -> put(headers, "x-lathe-provider", remote.provider().name());
      case Target.Local local -> {
        put(headers, "x-lathe-base", local.base());
        var version = local.version();
        if (version != null) {
          put(headers, "x-lathe-version", version.version());
          put(headers, "x-lathe-run", version.run());
          put(headers, "x-lathe-dataset", version.dataset());
        }
        put(headers, "x-lathe-alias", local.alias());
      }
    }
    if (assignment != null) {
      put(headers, "x-lathe-experiment", assignment.experiment());
      put(headers, "x-lathe-arm", Integer.toString(assignment.arm()));
    }
    return headers;
  }

  /** A header holds printable ASCII. */
  private static void put(Map<String, String> headers, String name, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      headers.put(name, value.replaceAll("[^ -~]", "?"));
    }
  }
}
