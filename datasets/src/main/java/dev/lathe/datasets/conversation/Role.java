package dev.lathe.datasets.conversation;

import java.util.Locale;

/** Who speaks. */
public enum Role {
  SYSTEM,
  USER,
  ASSISTANT,
  TOOL;

  /** The name that logs and chat templates use. */
  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }
}
