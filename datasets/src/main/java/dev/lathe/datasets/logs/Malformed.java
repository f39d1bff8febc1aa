package dev.lathe.datasets.logs;

/** An entry that is not what its format says; becomes {@link LogEntry.Broken}. */
final class Malformed extends Exception {
  private static final long serialVersionUID = 1L;

  Malformed(String reason) {
    super(reason, null, false, false);
  }

  String reason() {
    return String.valueOf(getMessage());
  }
}
