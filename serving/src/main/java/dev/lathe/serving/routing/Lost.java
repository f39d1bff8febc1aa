package dev.lathe.serving.routing;

import dev.lathe.serving.wire.WireError;

/** A target did not answer and nothing reached the client, so that another can be asked. */
final class Lost extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient WireError problem;
  private final boolean again;

  /**
   * @param problem what the client is told when nobody else answers
   * @param again whether the same target may be asked again: it cannot have begun to work
   */
  Lost(WireError problem, boolean again) {
    super(problem.message(), null, false, false);
    this.problem = problem;
    this.again = again;
  }

  WireError problem() {
    return problem;
  }

  boolean again() {
    return again;
  }

  /** In a header: the status and what it was. */
  String told() {
    var code = problem.code();
    return problem.status() + (code == null ? "" : " " + code);
  }
}
