package dev.lathe.pipelines.suites;

/**
 * A target's answer.
 *
 * @param ended whether the model ended it, not the limit
 */
public record SuiteAnswer(String text, boolean ended) {}
