package dev.lathe.registry.runs;

import java.time.Instant;
import java.util.Map;

/** Something a journal tells that is no number a step. */
public record RunEvent(long seq, Instant at, String type, Map<String, Object> fields) {}
