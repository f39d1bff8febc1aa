package dev.lathe.app.owner;

/** What this build calls itself. */
public final class Release {
  public static final String VERSION = "0.1.0";

  private Release() {}
}
