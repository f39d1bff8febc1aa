package dev.lathe.serving.experiments;

/**
 * A subject who said something of the answers of its arm.
 *
 * @param mean of the rewards it gave, one an answer
 * @param answers it spoke of
 */
record Rater(int arm, double mean, long answers) {}
