package dev.lathe.app.api;

/** The name is well formed, and nothing bears it. Answered as 404. */
public final class NotFound extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final String value;
  private final String remedy;

  public NotFound(String what, String value, String remedy) {
    super(what + ": " + value + ". " + remedy);
    this.what = what;
    this.value = value;
    this.remedy = remedy;
  }

  String what() {
    return what;
  }

  String value() {
    return value;
  }

  String remedy() {
    return remedy;
  }
}
