package dev.lathe.serving.routing.tasks;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How much a model must be able to do, told in words. */
public enum Band {
  LOW,
  MIDDLE,
  HIGH;

  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Band> ofWireName(String name) {
    return Arrays.stream(values()).filter(b -> b.wireName().equals(name)).findFirst();
  }
}
