package dev.lathe.registry.runs;

/** A metric's value at an optimizer step. */
public record Point(long step, double value) {}
