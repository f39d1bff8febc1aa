package dev.lathe.registry.promotion;

/**
 * What a gate expected and what it found, both readable as they stand.
 *
 * @param name {@code better}, {@code kept} or {@code faithful}
 */
public record GateResult(String name, boolean passed, String expected, String found) {}
