package dev.lathe.datasets.chat.jinja;

/** What went wrong inside a template; {@link Template} adds the line and makes a BadInput of it. */
final class JinjaError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int line;
  private final boolean raised;

  private JinjaError(int line, String message, boolean raised) {
    super(message, null, false, false);
    this.line = line;
    this.raised = raised;
  }

  JinjaError(String message) {
    this(0, message, false);
  }

  static JinjaError at(int line, String message) {
    return new JinjaError(line, message, false);
  }

  /** By the template's own {@code raise_exception}. */
  static JinjaError raised(String message) {
    return new JinjaError(0, message, true);
  }

  /** From 1; 0 where it is the running statement's. */
  int line() {
    return line;
  }

  boolean isRaised() {
    return raised;
  }
}
