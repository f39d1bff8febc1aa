package dev.lathe.serving.feedback;

import org.jspecify.annotations.Nullable;

/**
 * What feedback keeps of the answer it speaks of.
 *
 * @param target what answered
 * @param experiment null when the answer belongs to none; phase and arm are null with it
 * @param subject the hash of who asked
 */
public record AnsweredRequest(
    String target,
    @Nullable String experiment,
    @Nullable Integer phase,
    @Nullable Integer arm,
    @Nullable String subject) {}
