package dev.lathe.app.api;

/**
 * What is asked is well formed and cannot be done as things are: what was wrong, the value, the
 * remedy.
 */
abstract sealed class Refusal extends RuntimeException permits NotFound, Conflict, NotAnswered {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String what;
  private final String value;
  private final String remedy;

  /**
   * @param status as in HTTP
   */
  Refusal(int status, String what, String value, String remedy) {
    super(what + ": " + value + ". " + remedy);
    this.status = status;
    this.what = what;
    this.value = value;
    this.remedy = remedy;
  }

  Problem problem() {
    return new Problem(status, what, value, remedy);
  }
}
