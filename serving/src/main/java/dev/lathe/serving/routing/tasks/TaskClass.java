package dev.lathe.serving.routing.tasks;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The kinds of work that requests ask for. */
public enum TaskClass {
  GREETING,
  SIMPLE_QUESTION,
  SUMMARISATION,
  CLASSIFICATION,
  EXTRACTION,
  TRANSLATION,
  WRITING,
  CODE,
  MATHS,
  /** Tools are offered, and the request wants something of them. */
  TOOLS,
  /**
   * Several steps, weighed against each other or built upon each other: plans, designs, analyses.
   */
  MULTI_STEP,
  CONVERSATION;

  private final String wireName = name().toLowerCase(Locale.ROOT);

  /** As configuration, headers and files write it: {@code simple_question}. */
  public String wireName() {
    return wireName;
  }

  public static Optional<TaskClass> ofWireName(String name) {
    return Arrays.stream(values()).filter(t -> t.wireName.equals(name)).findFirst();
  }
}
