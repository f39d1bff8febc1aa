package dev.lathe.serving.experiments;

/**
 * What answers a subject.
 *
 * @param arm counted from 0
 * @param target of that arm
 * @param counted whether the answer belongs to the experiment; false once it is stopped: its name
 *     is then answered by its first arm, and nothing is recorded as an exposure
 */
public record Assignment(String experiment, int phase, int arm, String target, boolean counted) {}
