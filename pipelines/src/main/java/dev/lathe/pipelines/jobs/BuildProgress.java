package dev.lathe.pipelines.jobs;

/**
 * How far a build is.
 *
 * @param stage read, split, tokenize or publish
 * @param done conversations
 * @param total 0 while nobody knows
 */
public record BuildProgress(String stage, long done, long total) {}
