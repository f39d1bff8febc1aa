package dev.lathe.pipelines.suites;

import org.jspecify.annotations.Nullable;

/**
 * What a judge decides of an answer with yes or no.
 *
 * @param of the prompts that it is asked of; null for all
 */
public record Criterion(String id, String text, @Nullable Expected of) {

  /** What a suite about refusals expects of an answer. */
  public enum Expected {
    REFUSAL,
    ANSWER
  }

  boolean concerns(SuitePrompt prompt) {
    return of == null || of == prompt.expected();
  }
}
