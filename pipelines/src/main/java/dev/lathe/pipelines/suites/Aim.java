package dev.lathe.pipelines.suites;

/**
 * A figure that is asked of a suite.
 *
 * @param words as it was asked: {@code factual > 90 %}
 * @param measure what a judge finds that it is about
 * @param above what that must be more than
 */
public record Aim(String words, String measure, double above) {}
