package dev.lathe.serving.settings;

/** A key that no log, message or answer may show. */
public record Secret(String value) {
  @Override
  public String toString() {
    return "hidden";
  }
}
