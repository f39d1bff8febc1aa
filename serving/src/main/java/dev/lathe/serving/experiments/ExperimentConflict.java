package dev.lathe.serving.experiments;

/** What is asked contradicts the experiment's state: what was expected, and what was found. */
public final class ExperimentConflict extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String what;
  private final String value;
  private final String remedy;

  public ExperimentConflict(String what, String value, String remedy) {
    super(what + ": " + value + ". " + remedy);
    this.what = what;
    this.value = value;
    this.remedy = remedy;
  }

  public String what() {
    return what;
  }

  public String value() {
    return value;
  }

  public String remedy() {
    return remedy;
  }
}
