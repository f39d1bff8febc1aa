package dev.lathe.app.api;

/**
 * What is asked contradicts the state of things (a run that lives cannot be resumed). Answered as
 * 409.
 */
public final class Conflict extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final String value;
  private final String remedy;

  public Conflict(String what, String value, String remedy) {
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
