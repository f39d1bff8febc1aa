package dev.lathe.pipelines.supervision;

/**
 * The place of a run in a sweep.
 *
 * @param sweep the sweep's id
 * @param number counted from 1
 * @param registers whether the run becomes a model version by itself when it completes
 */
public record Trial(String sweep, int number, boolean registers) {}
